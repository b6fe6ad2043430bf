// The API's living reference: <div id="swagger-ui" data-url="/openapi.json">.
import SwaggerUIBundle from "swagger-ui-dist/swagger-ui-bundle.js";

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
