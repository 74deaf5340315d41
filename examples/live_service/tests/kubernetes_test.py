"""`deploy/kubernetes` and `compose.yaml`: valid, and about the same game."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import kubernetes_validate
import pytest
import yaml

from game_processes import LIVE_SERVICE

FOLDER = LIVE_SERVICE / "deploy" / "kubernetes"
KUSTOMIZATION = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
OBJECTS = [
    each
    for name in KUSTOMIZATION["resources"]
    for each in yaml.safe_load_all((FOLDER / name).read_text())
]
COMPOSE = yaml.safe_load((LIVE_SERVICE / "compose.yaml").read_text())
OWN = ("account", "discovery", "gacha", "gateway")
# What containers/start.sh makes in one, and what is told directly in the other.
SAID_DIFFERENTLY = {
    "INSTANCE_PORT": "INSTANCE_URL",
    "REDIS_PASSWORD_FILE": "REDIS_URL",
    "PGPASSFILE": "PGPASSWORD",
}
IN_ONE_ONLY = {
    "REDIS_HOST",
    "POD_IP",
    "DATABASE_WAIT_MS",  # here the start is tried again anyhow
    "RATE_PER_ADDRESS",
    "SOCKETS_PER_ADDRESS",
    "LOGIN_RATE_PER_ADDRESS",
    "REGISTER_RATE_PER_ADDRESS",
}


def of_kind(kind: str) -> dict[str, Any]:
    return {each["metadata"]["name"]: each for each in OBJECTS if each["kind"] == kind}


DEPLOYMENTS = of_kind("Deployment")
POD_LABELS = {
    name: each["spec"]["template"]["metadata"]["labels"]
    for name, each in DEPLOYMENTS.items()
}


def pod_of(name: str) -> dict[str, Any]:
    spec: dict[str, Any] = DEPLOYMENTS[name]["spec"]["template"]["spec"]
    return spec


def container_of(name: str) -> dict[str, Any]:
    (container,) = pod_of(name)["containers"]
    assert container["name"] == name
    return dict(container)


def ports_of(name: str) -> dict[str, int]:
    ports = container_of(name)["ports"]
    return {port["name"]: port["containerPort"] for port in ports}


def settings_of(name: str) -> dict[str, Any]:
    return {each["name"]: each for each in container_of(name)["env"]}


def matched_by(selector: dict[str, Any]) -> list[str]:
    wanted = selector.get("matchLabels", selector).items()
    return [name for name, labels in POD_LABELS.items() if wanted <= labels.items()]


@pytest.mark.parametrize(
    "each", OBJECTS, ids=lambda each: f"{each['kind']}-{each['metadata']['name']}"
)
@pytest.mark.parametrize("version", ["1.31", "1.34"])
def test_kubernetes_would_take_it(each: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(each, version, strict=True)


def test_every_file_is_applied() -> None:
    files = {path.name for path in FOLDER.glob("*.yaml")} - {"kustomization.yaml"}
    assert files == set(KUSTOMIZATION["resources"])
    images = {image["name"] for image in KUSTOMIZATION["images"]}
    assert images == {container_of(name)["image"] for name in DEPLOYMENTS}


def test_each_deployment_is_a_service_of_the_game() -> None:
    assert sorted(DEPLOYMENTS) == sorted(OWN)
    for name, deployment in DEPLOYMENTS.items():
        assert matched_by(deployment["spec"]["selector"]) == [name]
        compose_image = COMPOSE["services"][name]["image"]
        assert compose_image == f"localhost/{container_of(name)['image']}"


def test_services_lead_to_ports_that_are_there() -> None:
    services = of_kind("Service")
    assert sorted(services) == sorted(OWN)
    for name, service in services.items():
        assert matched_by(service["spec"]["selector"]) == [name]
        for port in service["spec"]["ports"]:
            assert port["targetPort"] in ports_of(name)


@pytest.mark.parametrize("name", OWN)
def test_the_port_is_the_one_of_the_image(name: str) -> None:
    dockerfile = (LIVE_SERVICE / name / "Dockerfile").read_text()
    exposed = re.search(r"^EXPOSE (.*)$", dockerfile, re.MULTILINE)
    assert exposed
    assert sorted(ports_of(name).values()) == sorted(map(int, exposed[1].split()))
    assert "\nUSER 10001:10001\n" in dockerfile


@pytest.mark.parametrize("name", OWN)
def test_who_serves_is_asked_whether_it_does(name: str) -> None:
    container = container_of(name)
    for probe, path in (
        ("startupProbe", "/readyz"),
        ("readinessProbe", "/readyz"),
        ("livenessProbe", "/livez"),
    ):
        asked = container[probe]["httpGet"]
        assert asked["path"] == path
        assert asked["port"] in ports_of(name)
    told = DEPLOYMENTS[name]["spec"]["template"]["metadata"]["annotations"]
    assert told["prometheus.io/port"] == str(ports_of(name)[asked["port"]])


@pytest.mark.parametrize("name", OWN)
def test_nobody_has_more_rights_than_needed(name: str) -> None:
    pod, container = pod_of(name), container_of(name)
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 10001
    assert pod["automountServiceAccountToken"] is False
    rights = container["securityContext"]
    assert rights["allowPrivilegeEscalation"] is False
    assert rights["readOnlyRootFilesystem"] is True
    assert rights["capabilities"] == {"drop": ["ALL"]}
    service = COMPOSE["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]


@pytest.mark.parametrize("name", OWN)
def test_both_set_the_same(name: str) -> None:
    composed = {
        SAID_DIFFERENTLY.get(each, each)
        for each in COMPOSE["services"][name]["environment"]
    }
    assert composed - IN_ONE_ONLY == settings_of(name).keys() - IN_ONE_ONLY


@pytest.mark.parametrize("name", OWN)
def test_what_is_set_is_a_setting(name: str) -> None:
    readme = (LIVE_SERVICE / "README.md").read_text()
    for setting in settings_of(name).keys() - {"POD_IP", "PGPASSWORD"}:
        assert f"`{setting}`" in readme, setting


def secrets_of(name: str) -> Iterator[tuple[str, str]]:
    for setting in settings_of(name).values():
        source = setting.get("valueFrom", {})
        if reference := source.get("secretKeyRef"):
            yield reference["name"], reference["key"]
        if reference := source.get("configMapKeyRef"):
            data = of_kind("ConfigMap")[reference["name"]]["data"]
            assert reference["key"] in data
    for volume in pod_of(name)["volumes"]:
        for source in volume.get("projected", {}).get("sources", []):
            for item in source["secret"]["items"]:
                assert item["path"] == item["key"]
                yield source["secret"]["name"], item["key"]


def test_secrets_are_referred_to_and_never_here() -> None:
    assert not of_kind("Secret")
    readme = (LIVE_SERVICE / "README.md").read_text()
    made = {
        (secret, key)
        for secret, literals in re.findall(
            r"create secret generic ([\w-]+)((?: \\\n|[^\n])*)", readme
        )
        for key in re.findall(r"--from-(?:literal|file)=([\w-]+)=", literals)
    }
    asked = {each for name in OWN for each in secrets_of(name)}
    assert asked == made


@pytest.mark.parametrize("name", OWN)
def test_files_that_are_named_are_mounted(name: str) -> None:
    mounts = {each["mountPath"] for each in container_of(name)["volumeMounts"]}
    volumes = {each["name"] for each in pod_of(name)["volumes"]}
    assert {each["name"] for each in container_of(name)["volumeMounts"]} == volumes
    for setting in settings_of(name).values():
        if setting["name"].endswith("_FILE"):
            folder, _, file = setting["value"].rpartition("/")
            assert folder in mounts
            if folder == "/run/game":
                assert file in {key for _, key in secrets_of(name)}


def test_those_that_scale_are_never_all_taken_down() -> None:
    scaled = of_kind("HorizontalPodAutoscaler")
    budgets = of_kind("PodDisruptionBudget")
    assert sorted(scaled) == sorted(budgets) == ["account", "gacha", "gateway"]
    for name in scaled:
        spec = scaled[name]["spec"]
        assert spec["scaleTargetRef"]["name"] == name
        assert spec["minReplicas"] > budgets[name]["spec"]["maxUnavailable"]
        assert matched_by(budgets[name]["spec"]["selector"]) == [name]
        # Otherwise each `apply` would undo what the autoscaler has done.
        assert "replicas" not in DEPLOYMENTS[name]["spec"]


def test_who_is_called_lets_the_caller_in() -> None:
    policies = of_kind("NetworkPolicy")
    ports = {port: name for name in OWN for port in ports_of(name).values()}
    allowed = {
        (caller, name, rule["ports"][0]["port"])
        for name in OWN
        for rule in policies[name]["spec"]["ingress"]
        for peer in rule.get("from", [])
        for caller in matched_by(peer.get("podSelector", {"app": "nobody"}))
    }
    called = {
        (name, callee, rule["ports"][0]["port"])
        for name in OWN
        for rule in policies[name]["spec"].get("egress", [])
        for peer in rule.get("to", [])
        for callee in matched_by(peer["podSelector"])
    }
    assert called == allowed
    assert all(ports[port] == callee for _, callee, port in called)
    # Nothing is allowed that a policy does not name.
    nobody = policies["nobody"]["spec"]
    assert nobody == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_account_and_gacha_are_built_alike() -> None:
    def build_stage(name: str) -> str:
        text = (LIVE_SERVICE / name / "Dockerfile").read_text()
        return text[text.index("FROM") : text.rindex("FROM")]

    assert build_stage("account") == build_stage("gacha")
