// The part of an image reference that decides the pull policy.

const HOST_PART = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const HOST = `(?:${HOST_PART}(?:\\.${HOST_PART})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const COMPONENT = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const TAG = ':([\\w][\\w.-]{0,127})';
const DIGEST = '@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}';
const REFERENCE = new RegExp(
  `^(?:${HOST}/)?${COMPONENT}(?:/${COMPONENT})*(?:${TAG})?(${DIGEST})?$`,
);

/** The tag: `latest` without tag and digest, empty for a digest or a bad reference. */
function imageTag(image: string): string {
  const match = REFERENCE.exec(image);
  if (match === null) return '';
  return match[1] ?? (match[2] === undefined ? 'latest' : '');
}

/** The default of imagePullPolicy (API-923): Always for the tag `latest`. */
export function defaultPullPolicy(image: string): 'Always' | 'IfNotPresent' {
  return imageTag(image) === 'latest' ? 'Always' : 'IfNotPresent';
}
