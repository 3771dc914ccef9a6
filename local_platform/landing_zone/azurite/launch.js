"use strict";
// Azurite's blob service with two things of ours around it: it ends when whoever started it is gone, however that
// went, and a key with '..' as a part or a control character is a 400, as at the door of the S3 server.
//
//     node launch.js {azurite}/dist/src/blob/main.js --blobHost 127.0.0.1 --blobPort 0 ...

const http = require("http");

const leave = () => process.exit(0);
process.stdin.on("end", leave).on("error", leave).resume();

function unsafe(url) {
  try {
    const path = decodeURIComponent(url.split("?")[0]);
    return /[\x00-\x1f\x7f]/.test(path) || path.split(/[/\\]/).includes("..");
  } catch {
    return true;
  }
}

const BODY =
  '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>InvalidUri</Code>' +
  "<Message>A key may hold neither '..' as a part nor a control character.</Message></Error>";

const emit = http.Server.prototype.emit;
http.Server.prototype.emit = function (event, request, response) {
  if (event === "request" && unsafe(request.url)) {
    response.writeHead(400, { "Content-Type": "application/xml", "x-ms-error-code": "InvalidUri", Connection: "close" });
    response.end(BODY);
    return true;
  }
  return emit.apply(this, arguments);
};

process.argv.splice(1, 1);
require(process.argv[1]);
