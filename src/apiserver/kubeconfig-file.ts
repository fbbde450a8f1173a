// The kubeconfig that `ordinal up` hands to clients.

export interface KubeconfigOptions {
  /** `https://127.0.0.1:6443`. */
  readonly server: string;
  /** PEM. */
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
  readonly token: string;
}

const base64 = (text: string) => Buffer.from(text).toString('base64');

/**
 * The text of a kubeconfig whose cluster, user and context are named `ordinal`. It carries both the
 * client certificate and the token of the administrator: clients that can't do one use the other.
 */
export function kubeconfigText(options: KubeconfigOptions): string {
  return `apiVersion: v1
kind: Config
clusters:
- name: ordinal
  cluster:
    server: ${options.server}
    certificate-authority-data: ${base64(options.ca)}
users:
- name: ordinal
  user:
    client-certificate-data: ${base64(options.certificate)}
    client-key-data: ${base64(options.key)}
    token: ${options.token}
contexts:
- name: ordinal
  context:
    cluster: ordinal
    user: ordinal
current-context: ordinal
preferences: {}
`;
}
