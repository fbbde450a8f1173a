# A test in Python with Kubernetes' own client (pip: kubernetes; Debian: python3-kubernetes):
#
#   examples/any-language.sh python3 examples/operator_test.py
import os
import time
import unittest

from kubernetes import client, config


class GarbageCollection(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        config.load_kube_config(os.environ["KUBECONFIG"])
        cls.core = client.CoreV1Api()

    def create(self, name, owner=None):
        """Your operator would do this."""
        to = owner and owner.metadata
        reference = owner and client.V1OwnerReference(
            api_version="v1", kind="ConfigMap", name=to.name, uid=to.uid
        )
        owners = [reference] if owner else None
        metadata = client.V1ObjectMeta(name=name, owner_references=owners)
        return self.core.create_namespaced_config_map(
            "default", client.V1ConfigMap(metadata=metadata)
        )

    def names(self):
        maps = self.core.list_namespaced_config_map("default").items
        return [item.metadata.name for item in maps if item.metadata.name.startswith("app")]

    def test_what_belonged_to_an_owner_goes_with_it(self):
        self.create("app-child", owner=self.create("app"))
        self.assertEqual(self.names(), ["app", "app-child"])
        self.core.delete_namespaced_config_map("app", "default")
        deadline = time.monotonic() + 10
        while self.names():
            self.assertLess(time.monotonic(), deadline, "the child stays")
            time.sleep(0.01)


if __name__ == "__main__":
    unittest.main()
