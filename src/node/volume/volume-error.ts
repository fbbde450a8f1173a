// A volume that can't be had (yet); the message is for the user and ends up in a FailedMount event.

export class VolumeError extends Error {
  override name = 'VolumeError';
}
