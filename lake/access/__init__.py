"""Who sees which lines and structures, and may do what: the policy file, and the scope that it grants.

    scope = access.scope("audio-analyst", who="Anne")     the only way to a scope is a role of the policy
    scope.require("read", "audio")                        raises AccessDenied unless the role has it
    semantic.query(["audio_revenue"], scope=scope)        keeps to the scope's structures

The file is `access/policy.yml` unless `LAKE_POLICY` names another; a change of it is seen without restart.
"""

from __future__ import annotations

from lake.access.roles import ALL, Permission, Policy, Role, load, policy, role
from lake.access.scopes import Scope, lines_behind, scope

__all__ = ["ALL", "Permission", "Policy", "Role", "Scope", "lines_behind", "load", "policy", "role", "scope"]
