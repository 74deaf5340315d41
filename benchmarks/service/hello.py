"""The least that a Flask service can be."""

from flask import Flask

app = Flask("hello", static_folder=None)


@app.get("/readyz")
def ready() -> dict[str, str]:
    """It serves."""
    return {"status": "ready"}


@app.post("/hello")
def hello() -> dict[str, str]:
    """Whatever was sent."""
    return {"message": "hello, world"}
