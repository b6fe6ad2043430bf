// The API's living reference: <div id="swagger-ui" data-url="/openapi.json">.
import SwaggerUIBundle from "swagger-ui-dist/swagger-ui-bundle.js";

// Swagger UI has its own dark clothes: it wears them when the rest of the house does.
const dress = () => document.documentElement.classList.toggle("dark-mode", document.documentElement.dataset.bsTheme === "dark");
dress();
document.addEventListener("tr:theme", dress);

addEventListener("DOMContentLoaded", () => {
  const element = document.getElementById("swagger-ui");
  if (!element) return;
  const urls = element.dataset.urls ? JSON.parse(element.dataset.urls) : undefined;
  SwaggerUIBundle({
    dom_id: "#swagger-ui",
    url: element.dataset.url,
    urls,
    deepLinking: true,
    displayRequestDuration: true,
    persistAuthorization: false,
    validatorUrl: null,
    presets: [SwaggerUIBundle.presets.apis],
  });
});
