"""Kubernetes manifests against the published schemas, and Pods against the `restricted` standard, without a cluster.

Takes files; where it finds mistakes it prints all of them and ends with 1.
"""

import re
import sys

import kubernetes_validate
import yaml

# The oldest that knows a limit for each index of a Job by default, and the newest of which there are schemas.
VERSIONS = ("1.29.0", kubernetes_validate.latest_version())


class Loader(yaml.SafeLoader):
    """What names a key twice has one of them ignored by the server."""

    def construct_mapping(self, node, deep=False):
        keys = [key.value for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.YAMLError(f"the key {key} stands twice, {node.start_mark}")
        return super().construct_mapping(node, deep)


def of_schema(document):
    for version in VERSIONS:
        try:
            kubernetes_validate.validate(document, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            where = ".".join(str(step) for step in error.path)
            yield f"{version}: {where}: {error.message}"
        except kubernetes_validate.SchemaNotFoundError as error:
            yield error.message


def of_pod(pod):
    """Pod Security Standards, `restricted`, and what this project asks beyond it."""
    context = pod.get("securityContext", {})
    wanted = [
        (pod.get("automountServiceAccountToken") is False, "a token of the service account is mounted"),
        (context.get("runAsNonRoot") is True, "it may run as root"),
        (context.get("runAsUser", 0) > 0, "it does not say as whom it runs"),
        (context.get("seccompProfile") == {"type": "RuntimeDefault"}, "no seccomp profile"),
        (not any(pod.get(name) for name in ("hostNetwork", "hostPID", "hostIPC")), "it shares what is the node's"),
    ]
    plain = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
    volumes = {volume["name"]: volume for volume in pod.get("volumes", [])}
    wanted += [(not volume.keys() - plain - {"name"}, f"the volume {name}") for name, volume in volumes.items()]
    for container in pod.get("initContainers", []) + pod["containers"]:
        own = container.get("securityContext", {})
        resources = container.get("resources", {})
        mounts = {mount["mountPath"]: volumes.get(mount["name"], {}) for mount in container.get("volumeMounts", [])}
        wanted += [
            (own.get("allowPrivilegeEscalation") is False, "privileges may grow"),
            (own.get("readOnlyRootFilesystem") is True, "the root file system can be written"),
            (own.get("capabilities") == {"drop": ["ALL"]}, "capabilities stay"),
            (not own.keys() & {"privileged", "runAsUser", "runAsNonRoot", "seccompProfile"}, "an exception"),
            (resources.get("requests", {}).keys() >= {"cpu", "memory"}, "no requests"),
            (resources.get("limits", {}).keys() >= {"cpu", "memory"}, "no limits"),
            ("emptyDir" in mounts.get("/tmp", {}), "nowhere to write at /tmp"),
            (all(mounts.values()), "a mount of no volume"),
        ]
    return [words for holds, words in wanted if not holds]


def of_job(job):
    limit = "backoffLimitPerIndex" if job.get("completionMode") == "Indexed" else "backoffLimit"
    pod = job["template"]["spec"]
    if job.get(limit) != 0 or pod.get("restartPolicy") != "Never":
        yield "a failure is retried, or ends the other shards"
    if "ttlSecondsAfterFinished" not in job or "activeDeadlineSeconds" not in job:
        yield "it has no end"
    yield from of_pod(pod)
    for container in pod["containers"]:
        known = {variable["name"] for variable in container.get("env", [])}
        for name in re.findall(r"\$\((\w+)\)", " ".join(container["args"])):
            if name not in known:
                yield f"nobody sets {name}"


def main(paths):
    mistakes = []
    for path in paths:
        with open(path, encoding="utf-8") as file:
            try:
                documents = [document for document in yaml.load_all(file, Loader) if document is not None]
            except yaml.YAMLError as error:
                mistakes.append(f"{path}: {error}")
                continue
        if not documents:
            mistakes.append(f"{path}: nothing is in it")
        for document in documents:
            found = list(of_schema(document))
            if not found and document["kind"] == "Job":
                found = list(of_job(document["spec"]))
            mistakes += [f"{path}: {document.get('kind')}: {words}" for words in found]
    if mistakes:
        sys.exit("\n".join(mistakes))


main(sys.argv[1:])
