"""Bearer tokens and whom they stand for."""

import secrets
import threading
from dataclasses import dataclass

from helper import kinds
from orchestrator.replay.access import (
    AUTHENTICATED,
    MASTERS,
    UNAUTHENTICATED,
    User,
    service_account,
)
from orchestrator.replay.objects import uid_of
from orchestrator.replay.store import Store

ADMIN = User("admin", (MASTERS, AUTHENTICATED))
ANONYMOUS = User("system:anonymous", (UNAUTHENTICATED,))


@dataclass(frozen=True)
class _Holder:
    user: User
    uid: str  # of the ServiceAccount; a token ends with its account


class Tokens:
    """The tokens of one cluster; a token of a ServiceAccount ends with the account."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._holders: dict[str, _Holder] = {}
        self.admin = self.mint(ADMIN)

    def mint(self, user: User, uid: str = "") -> str:
        """Make a token for a user."""
        token = secrets.token_urlsafe(24)
        with self._lock:
            self._holders[token] = _Holder(user, uid)
        return token

    def mint_for_account(self, namespace: str, name: str) -> str:
        """Make a token for a ServiceAccount, existing or not."""
        account = self._store.find(kinds.SERVICE_ACCOUNTS, namespace, name)
        return self.mint(service_account(namespace, name), uid_of(account) if account else "")

    def holder(self, token: str) -> User | None:
        """Give the user that a token stands for, None when it is unknown or has ended."""
        with self._lock:
            holder = self._holders.get(token)
        if holder is None:
            return None
        if holder.uid and holder.user.account:
            account = self._store.find(kinds.SERVICE_ACCOUNTS, *holder.user.account)
            if account is None or uid_of(account) != holder.uid:
                return None
        return holder.user
