/** Swagger UI for the API of this simulator, at whatever address a proxy shows it. */
declare const SwaggerUIBundle: (options: Readonly<Record<string, unknown>>) => unknown;

SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#docs',
  deepLinking: true,
  tryItOutEnabled: true,
  // Its default is a service on the internet.
  validatorUrl: null,
});
