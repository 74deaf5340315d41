"""What the account and the gacha service share about speaking HTTP.

`problems`
    Errors as RFC 9457 problem documents, and the one funnel that makes them.
`json_body`
    Strict JSON bodies, read into pydantic models.
`request_context`, `log_secrets`
    Request ids, one log line a request, JSON logs, and no secret in them.
`tracing`, `open_telemetry`
    Traces through both services, and their spans where OpenTelemetry is installed.
`metrics`
    What is counted for Prometheus.
`player_tokens`
    Bearer tokens of players: issued by account, checked by both.
`service_token`
    The credential that opens `/internal`.
`idempotency`
    `Idempotency-Key` and requests that are still running.
`service_calls`
    Calls from one service to the other, with time limits.
`registration`
    Being listed in discovery.
`background`
    Loops beside the requests, ended with the process.
`rate_limits`, `client_address`
    How often the same one may come, and who that is.
`clock`
    The time, as something that a test can move.
`settings`
    Configuration from the environment.
`health`
    `/livez` and `/readyz`.
`crash_points`
    Places where a test can have the process killed.
"""
