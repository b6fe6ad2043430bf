// One EventSource for all of a browser's pages (a SharedWorker). Pages say which names they wait for; names go out to all of them.
import { source } from "./stream-source.js";

const ports = new Set();
let stream;

function tell(message) {
  for (const port of ports) port.postMessage(message);
}

onconnect = ({ ports: [port] }) => {
  ports.add(port);
  port.onmessage = ({ data }) => {
    if (data.bye) {
      ports.delete(port);
      if (!ports.size) {
        stream?.close();
        stream = undefined;
      }
      return;
    }
    stream ??= source(data.url, tell);
    stream.listen(data.names);
  };
};
