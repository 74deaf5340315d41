// Renders the contract; the policy of the page allows no scripts inside it.
window.SwaggerUIBundle({
  url: "/docs/openapi.yaml",
  dom_id: "#contract",
  deepLinking: true,
  // The rendering service that it would ask is not of this origin.
  validatorUrl: null,
});
