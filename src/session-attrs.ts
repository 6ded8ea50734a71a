/** What a server must be to be connected to (libpq's `target_session_attrs`). */

/** The words for it. */
export const sessionAttrs = ['any', 'read-write', 'read-only', 'primary', 'standby', 'prefer-standby'] as const

/** `any`: whatever answers; `read-write`: takes writes; `read-only`: takes none; `primary`, `standby`: its role;
 *  `prefer-standby`: a standby, or else whatever answers. */
export type TargetSessionAttrs = (typeof sessionAttrs)[number]
