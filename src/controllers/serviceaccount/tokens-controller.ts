// Fills Secrets of type kubernetes.io/service-account-token with a token of the account they name,
// and removes those whose account has gone. Upstream's serviceaccount-token-controller.
import type { Secret, ServiceAccount } from '../../api/generated/types.ts';
import { keyOf, nameOf, namespaceOf, splitKey, uidOf } from '../../api/meta/object.ts';
import { isConflict, isNotFound } from '../../api/meta/status-error.ts';
import { secrets, serviceAccounts } from '../../api/resources.ts';
import type { Runnable } from '../../base/runnable.ts';
import type { ControllerContext } from '../../client/controller-context.ts';
import { createController } from '../../client/controller.ts';
import type { Lister } from '../../client/informer.ts';

const TYPE = 'kubernetes.io/service-account-token';
const ACCOUNT_NAME = 'kubernetes.io/service-account.name';
const ACCOUNT_UID = 'kubernetes.io/service-account.uid';

export interface TokensControllerOptions {
  /** PEM, for clients to verify the server with. */
  readonly rootCa: string;
  /** A token that is good as long as the Secret holds it. */
  readonly issueToken: (options: {
    readonly namespace: string;
    readonly serviceAccount: { readonly name: string; readonly uid: string };
    readonly secretName: string;
  }) => string;
}

const base64 = (text: string) => Buffer.from(text).toString('base64');

export function createTokensController(
  context: ControllerContext,
  { rootCa, issueToken }: TokensControllerOptions,
): Runnable {
  const { client, informers, clock, logger } = context;
  const secretInformer = informers.informer(secrets);
  const accountInformer = informers.informer(serviceAccounts);
  const api = client.resource(secrets);

  const accountOf = createAccountFinder(context, accountInformer.lister);
  const fill = async (secret: Secret, account: ServiceAccount): Promise<void> => {
    const filled = filledSecret(secret, account, { rootCa, issueToken });
    if (filled) await api.update(filled);
  };

  const controller = createController({
    name: 'serviceaccount-token',
    informers: [secretInformer, accountInformer],
    clock,
    logger,
    async reconcile(key) {
      const { namespace, name } = splitKey(key);
      const secret = secretInformer.lister.get({ namespace, name });
      if (!secret || secret.type !== TYPE) return;
      const account = await accountOf(secret);
      try {
        if (account) await fill(secret, account);
        else await api.delete({ namespace, name }, { preconditions: { uid: uidOf(secret) } });
      } catch (error) {
        if (!isNotFound(error) && !isConflict(error)) throw error;
      }
    },
  });
  const enqueue = (secret: Secret) => {
    if (secret.type === TYPE) controller.enqueue(keyOf(secret));
  };
  const unsubscribe = [
    secretInformer.addEventHandler({
      add: enqueue,
      update: (_previous, secret) => enqueue(secret),
    }),
    accountInformer.addEventHandler({
      delete(account) {
        const namespace = namespaceOf(account);
        for (const secret of secretInformer.lister.list(namespace)) enqueue(secret);
      },
    }),
  ];
  return {
    start: () => controller.start(),
    async stop() {
      for (const stop of unsubscribe) stop();
      await controller.stop();
    },
  };
}

type FindAccount = (secret: Secret) => Promise<ServiceAccount | undefined>;

/** Finds the account that a Secret names; undefined when there is none, or another of its name. */
function createAccountFinder(
  { client }: ControllerContext,
  cache: Lister<ServiceAccount>,
): FindAccount {
  return async (secret) => {
    const { annotations = {} } = secret.metadata;
    const { [ACCOUNT_NAME]: name = '', [ACCOUNT_UID]: uid = '' } = annotations;
    const key = { namespace: namespaceOf(secret), name };
    const isIt = (account: ServiceAccount | undefined) =>
      account !== undefined && (uid === '' || uidOf(account) === uid);
    const cached = cache.get(key);
    if (isIt(cached)) return cached;
    // The cache may be behind; what is deleted on its word is gone.
    const found = await client.resource(serviceAccounts).get(key).catch(ignoreNotFound);
    return isIt(found) ? found : undefined;
  };
}

/** The Secret with what it lacks, or undefined when it lacks nothing. */
function filledSecret(
  secret: Secret,
  account: ServiceAccount,
  { rootCa, issueToken }: TokensControllerOptions,
): Secret | undefined {
  const { data = {}, metadata } = secret;
  const namespace = namespaceOf(secret);
  const ca = base64(rootCa);
  if (data['ca.crt'] === ca && data['namespace'] && data['token']) return undefined;
  const serviceAccount = { name: nameOf(account), uid: uidOf(account) };
  const issue = () => issueToken({ namespace, serviceAccount, secretName: nameOf(secret) });
  const annotations = {
    ...metadata.annotations,
    [ACCOUNT_NAME]: serviceAccount.name,
    [ACCOUNT_UID]: serviceAccount.uid,
  };
  return {
    ...secret,
    metadata: { ...metadata, annotations },
    data: {
      ...data,
      'ca.crt': ca,
      namespace: data['namespace'] || base64(namespace),
      token: data['token'] || base64(issue()),
    },
  };
}

function ignoreNotFound(error: unknown): undefined {
  if (!isNotFound(error)) throw error;
}
