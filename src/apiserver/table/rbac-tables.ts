// `kubectl get` of RoleBindings and ClusterRoleBindings; roles have no columns of their own.
import type { ClusterRoleBinding, RbacSubject, RoleBinding } from '../../api/generated/types.ts';
import { nameOf } from '../../api/meta/object.ts';
import { ageColumn, ageOf, column, field, nameColumn, type KindTable } from './column.ts';

function bindingTable<T extends RoleBinding | ClusterRoleBinding>(kind: string): KindTable<T> {
  const binding = kind.charAt(0).toLowerCase() + kind.slice(1);
  return {
    columns: [
      nameColumn,
      column('Role', field(kind, 'roleRef')),
      ageColumn,
      column('Users', `Users in the ${binding}`, { wide: true }),
      column('Groups', `Groups in the ${binding}`, { wide: true }),
      column('ServiceAccounts', `ServiceAccounts in the ${binding}`, { wide: true }),
    ],
    cells(object, nowMs) {
      const { roleRef, subjects = [] } = object;
      const of = (wanted: string) => subjects.filter((subject) => subject.kind === wanted);
      return [
        nameOf(object),
        // Bookmarks bring only metadata.
        roleRef === undefined ? '/' : `${roleRef.kind}/${roleRef.name}`,
        ageOf(object, nowMs),
        of('User').map(nameOfSubject).join(', '),
        of('Group').map(nameOfSubject).join(', '),
        of('ServiceAccount').map(pathOfSubject).join(', '),
      ];
    },
  };
}

const nameOfSubject = ({ name }: RbacSubject) => name;
const pathOfSubject = ({ namespace = '', name }: RbacSubject) => `${namespace}/${name}`;

/** The table of kind RoleBinding. */
export const roleBindingTable = bindingTable<RoleBinding>('RoleBinding');
/** The table of kind ClusterRoleBinding. */
export const clusterRoleBindingTable = bindingTable<ClusterRoleBinding>('ClusterRoleBinding');
