"""Texts are texts, whatever they look like; and tenants do not see each other."""

from __future__ import annotations

import attrs

from oppcore.records import Key, Team
from oppcore.repository import Commit, Guard, Page, Query, Repository, Write
from oppcore.testing.deals import PIPELINE, deal_of, guard, key, naming, opening, publishing, stored_of

__all__ = ["HOSTILE", "Texts"]

HOSTILE = (
    "o%",
    "o_",
    "O%",
    "o",
    "客户-3",
    "it's",
    'a"b',
    "a;--",
    "é",
    "e\u0301",  # the same to the eye, and another id
    "ß",
    "ss",
    "𝔘",
    " x",
    "x ",
    "x",
    "\uffff",
    "[d]",
    "\\",
    "$1",
    "{0}",
    "NULL",
    "0",
    "00",
    "1e0",
    "a\tb",
    "a\r\nb",
    "\u202ea",
    "x" * 256,
    "客" * 256,
)
"""Ids that some store somewhere takes for something else."""


class Texts:
    """Every text that a key or a field may hold comes back as it was, and is nobody else's."""

    def test_hostile_ids_are_ids(self, repository: Repository) -> None:
        """No two of them are the same record, owner or command."""
        for id in HOSTILE:
            repository.commit(opening(id, values={"name": id, "owner_id": id}, command=id))
        for id in HOSTILE:
            assert deal_of(repository, id).name == id
            assert [one.key.id for one in repository.find(Query(ids=[id])).items] == [id]
            assert [one.key.id for one in repository.find(Query(owners=[id])).items] == [id]
            recalled = repository.recall("main", id)
            assert recalled is not None
            assert recalled.written[0].key == key(id)
            assert len(repository.history(key(id), limit=9).items) == 1

    def test_hostile_tenants_are_tenants(self, repository: Repository) -> None:
        """No two of them are the same tenant."""
        for tenant in HOSTILE:
            repository.commit(opening("d-1", tenant=tenant, values={"name": tenant}, command="c-1"))
        for tenant in HOSTILE:
            assert [one.record for one in repository.find(Query(tenant=tenant)).items] == [
                deal_of(repository, "d-1", tenant)
            ]
            assert deal_of(repository, "d-1", tenant).name == tenant
            assert deal_of(repository, "d-1", tenant).team == Team()

    def test_pages_go_through_hostile_ids(self, repository: Repository) -> None:
        """Whatever a cursor is made of, it stands behind one record."""
        for id in HOSTILE:
            repository.commit(opening(id))
        query, found = Query(order="id", limit=1), list[str]()
        while len(found) <= len(HOSTILE):
            page = repository.find(query)
            found += [one.key.id for one in page.items]
            if page.cursor is None:
                break
            query = attrs.evolve(query, cursor=page.cursor)

        assert found == sorted(HOSTILE)

    def test_long_texts_are_kept_whole(self, repository: Repository) -> None:
        """A name of 20,000 characters is 20,000 characters long."""
        for name in ("x" * 20_000, "客" * 20_000, "line\n" * 4_000):
            id = f"d-{ord(name[0])}"
            repository.commit(opening(id, values={"name": name}))
            assert deal_of(repository, id).name == name

    def test_texts_are_not_normalised(self, repository: Repository) -> None:
        """Neither composed nor trimmed nor folded: what was typed is what is kept."""
        for number, name in enumerate(("e\u0301", "\ufb01", " a ", "\u1e9b\u0323", "A\u030a", "\r\n", "\u2028", "")):
            repository.commit(opening(f"d-{number}", values={"name": name}))
            assert deal_of(repository, f"d-{number}").name == name

    # Tenants.

    def test_tenants_do_not_see_each_other(self, repository: Repository) -> None:
        """Nothing of one is loaded, found or listed for another."""
        repository.commit(opening("d-1", tenant="a", values={"name": "of a"}))
        repository.commit(opening("d-1", tenant="b", values={"name": "of b"}))
        repository.commit(opening("d-2", tenant="b"))

        assert deal_of(repository, "d-1", "a").name == "of a"
        assert deal_of(repository, "d-1", "b").name == "of b"
        assert repository.load(key("d-2", "a")) is None
        assert repository.load(key("d-1")) is None
        assert [one.key.tenant for one in repository.find(Query(tenant="a")).items] == ["a"]
        assert repository.find(Query()) == Page(())
        assert repository.history(key("d-2", "a"), limit=9) == Page(())
        assert len(repository.history(key("d-1", "b"), limit=9).items) == 1

    def test_a_command_id_belongs_to_its_tenant(self, repository: Repository) -> None:
        """The same id in another tenant is another command."""
        repository.commit(opening("d-1", tenant="a", command="c-1"))
        assert repository.recall("b", "c-1") is None
        other = repository.commit(opening("d-1", tenant="b", command="c-1", digest="another"))

        assert not other.repeated
        digests = [recalled and recalled.digest for recalled in (repository.recall(one, "c-1") for one in "ab")]
        assert digests == ["first", "another"]

    def test_pipelines_and_counters_belong_to_their_tenant(self, repository: Repository) -> None:
        """What guards one tenant's commits is nothing to another's."""
        second = attrs.evolve(PIPELINE, revision=2)
        repository.commit(publishing(tenant="a"))
        repository.commit(publishing(tenant="b"))
        repository.commit(publishing(second, tenant="b"))
        limit = Write(Key("guard", "limit", "a"), 0)
        repository.commit(Commit(tenant="a", writes=(limit,)))

        assert stored_of(repository, Key("pipeline", PIPELINE.key, "a")).record == PIPELINE
        repository.commit(opening(tenant="a", guards=(guard(1, "a"), Guard(limit.key, 1))))
        repository.commit(opening(tenant="b", guards=(guard(2, "b"), Guard(Key("guard", "limit", "b"), 0))))

    def test_versions_belong_to_their_tenant(self, repository: Repository) -> None:
        """A change in one tenant is no conflict in another."""
        repository.commit(opening(tenant="a"))
        repository.commit(opening(tenant="b"))
        repository.commit(naming(deal_of(repository, "d-1", "a"), "x", tenant="a"))
        repository.commit(naming(deal_of(repository, "d-1", "b"), "y", tenant="b"))

        assert [deal_of(repository, "d-1", tenant).name for tenant in "ab"] == ["x", "y"]
