# What a user of Kubernetes' Python client does, against the server of $KUBECONFIG. Prints one line
# `ok NAME` for each thing that works; a failure ends it with its traceback.
import json
import os
import sys
import time

from kubernetes import client, config, watch
from kubernetes.client.rest import ApiException
from kubernetes.dynamic import DynamicClient
from kubernetes.stream import portforward, stream

NAMESPACE = "python"
PYTHON = sys.argv[1]
LABELS = {"app": "web"}

config.load_kube_config(os.environ["KUBECONFIG"])
core = client.CoreV1Api()
apps = client.AppsV1Api()


def ok(name):
    print(f"ok {name}", flush=True)


def refusal(call, *arguments):
    try:
        call(*arguments)
    except ApiException as error:
        return error.status, json.loads(error.body)["reason"]
    raise AssertionError("accepted")


def create_namespace():
    metadata = client.V1ObjectMeta(name=NAMESPACE)
    core.create_namespace(client.V1Namespace(metadata=metadata))
    found = watch.Watch()
    for event in found.stream(core.list_namespaced_service_account, NAMESPACE, timeout_seconds=20):
        if event["object"].metadata.name == "default":
            found.stop()
    ok("watch")


def from_field(name, path):
    reference = client.V1ObjectFieldSelector(field_path=path)
    return client.V1EnvVar(name=name, value_from=client.V1EnvVarSource(field_ref=reference))


def set_of_pods():
    serve = (
        "cd $(mktemp -d); echo $NAME >name; echo serving;"
        " exec $PYTHON -m http.server 8080"
    )
    probe = client.V1Probe(
        http_get=client.V1HTTPGetAction(path="/name", port=8080), period_seconds=1
    )
    container = client.V1Container(
        name="web",
        image="none",
        command=["sh", "-c", serve],
        env=[
            client.V1EnvVar(name="PYTHON", value=PYTHON),
            from_field("NAME", "metadata.name"),
        ],
        readiness_probe=probe,
    )
    template = client.V1PodTemplateSpec(
        metadata=client.V1ObjectMeta(labels=LABELS),
        spec=client.V1PodSpec(containers=[container], termination_grace_period_seconds=0),
    )
    spec = client.V1StatefulSetSpec(
        replicas=2,
        service_name="web",
        selector=client.V1LabelSelector(match_labels=LABELS),
        template=template,
    )
    body = client.V1StatefulSet(metadata=client.V1ObjectMeta(name="web"), spec=spec)
    created = apps.create_namespaced_stateful_set(NAMESPACE, body)
    seen = watch.Watch()
    ready = 0
    for event in seen.stream(
        apps.list_namespaced_stateful_set,
        NAMESPACE,
        resource_version=created.metadata.resource_version,
        timeout_seconds=40,
    ):
        ready = event["object"].status.ready_replicas or 0
        if ready == 2:
            seen.stop()
    assert ready == 2, ready
    pods = core.list_namespaced_pod(NAMESPACE, label_selector="app=web").items
    assert [pod.metadata.name for pod in pods] == ["web-0", "web-1"]
    ok("statefulset")


def streams():
    run = core.connect_get_namespaced_pod_exec
    options = {"stderr": True, "stdin": False, "stdout": True, "tty": False}
    text = stream(run, "web-0", NAMESPACE, command=["sh", "-c", "echo $NAME"], **options)
    assert text == "web-0\n", text
    shell = stream(
        run,
        "web-0",
        NAMESPACE,
        command=["sh"],
        _preload_content=False,
        **{**options, "stdin": True},
    )
    shell.write_stdin("echo $((6*7)); echo oops >&2; exit 5\n")
    shell.run_forever(timeout=20)
    assert shell.read_stdout() == "42\n"
    assert shell.read_stderr() == "oops\n"
    assert shell.returncode == 5
    ok("exec")
    assert core.read_namespaced_pod_log("web-0", NAMESPACE).startswith("serving")
    ok("log")
    forward = portforward(
        core.connect_get_namespaced_pod_portforward, "web-1", NAMESPACE, ports="8080"
    )
    socket = forward.socket(8080)
    socket.setblocking(True)
    socket.sendall(b"GET /name HTTP/1.0\r\n\r\n")
    answer = b""
    while not answer.endswith(b"web-1\n"):
        part = socket.recv(4096)
        assert part, answer
        answer += part
    assert answer.startswith(b"HTTP/1.0 200"), answer
    socket.close()
    ok("port-forward")


def patches():
    patch = apps.patch_namespaced_stateful_set
    assert patch("web", NAMESPACE, {"metadata": {"labels": {"a": "b"}}}).metadata.labels["a"] == "b"
    operation = {"op": "add", "path": "/metadata/labels/c", "value": "d"}
    assert patch("web", NAMESPACE, [operation]).metadata.labels == {"a": "b", "c": "d"}
    scale = apps.patch_namespaced_stateful_set_scale("web", NAMESPACE, {"spec": {"replicas": 1}})
    assert scale.spec.replicas == 1
    ok("patch")


def dynamic_client():
    config_maps = DynamicClient(client.ApiClient()).resources.get(
        api_version="v1", kind="ConfigMap"
    )
    metadata = {"name": "settings", "labels": LABELS}
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"x": "1"}}
    applied = config_maps.server_side_apply(
        namespace=NAMESPACE, name="settings", body=json.dumps(body), field_manager="python"
    )
    assert applied.metadata.managedFields[0].operation == "Apply"
    events = config_maps.watch(namespace=NAMESPACE, label_selector="app=web", timeout=1)
    assert [(event["type"], event["object"].data.x) for event in events] == [("ADDED", "1")]
    ok("dynamic client")


def custom_resources():
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = client.V1CustomResourceDefinitionVersion(
        name="v1",
        served=True,
        storage=True,
        schema=client.V1CustomResourceValidation(open_apiv3_schema=schema),
    )
    names = client.V1CustomResourceDefinitionNames(kind="Backup", plural="backups")
    spec = client.V1CustomResourceDefinitionSpec(
        group="example.com", scope="Namespaced", names=names, versions=[version]
    )
    metadata = client.V1ObjectMeta(name="backups.example.com")
    definition = client.V1CustomResourceDefinition(metadata=metadata, spec=spec)
    extensions = client.ApiextensionsV1Api()
    extensions.create_custom_resource_definition(definition)
    deadline = time.monotonic() + 20
    kind = ("example.com", "v1", NAMESPACE, "backups")
    objects = client.CustomObjectsApi()
    while True:
        try:
            objects.list_namespaced_custom_object(*kind)
            break
        except ApiException as error:
            assert error.status == 404 and time.monotonic() < deadline, error
    body = {"apiVersion": "example.com/v1", "kind": "Backup", "metadata": {"name": "b"}, "at": 3}
    assert objects.create_namespaced_custom_object(*kind, body)["at"] == 3
    patched = objects.patch_namespaced_custom_object(*kind, "b", {"at": 4})
    assert (patched["at"], patched["metadata"]["generation"]) == (4, 2)
    ok("custom resources")


def refusals():
    assert refusal(core.read_namespaced_pod, "nope", NAMESPACE) == (404, "NotFound")
    assert refusal(core.read_namespaced_pod, "nope", "nowhere") == (404, "NotFound")
    body = client.V1ConfigMap(metadata=client.V1ObjectMeta(name="settings"))
    assert refusal(core.create_namespaced_config_map, NAMESPACE, body) == (409, "AlreadyExists")
    body = client.V1ConfigMap(metadata=client.V1ObjectMeta(name="Not a name"))
    assert refusal(core.create_namespaced_config_map, NAMESPACE, body) == (422, "Invalid")
    ok("refusals")


def deletions():
    assert core.delete_namespaced_pod("web-0", NAMESPACE).metadata.name == "web-0"
    core.delete_collection_namespaced_config_map(NAMESPACE, label_selector="app=web")
    core.delete_namespace(NAMESPACE)
    deadline = time.monotonic() + 40
    while NAMESPACE in [item.metadata.name for item in core.list_namespace().items]:
        assert time.monotonic() < deadline, "the namespace stays"
        time.sleep(0.1)
    ok("delete")


create_namespace()
set_of_pods()
streams()
patches()
dynamic_client()
custom_resources()
refusals()
deletions()
