"""variables.* and lineage.*"""

from __future__ import annotations

from typing import Any, Mapping, Optional, Sequence

from ..checks import by_name, listed, members_in, text, unless_none
from ..pieces import downloaded, uploaded
from .noun import Noun, Result, Rows

Metadata = Mapping[str, Any]

_SAVE = ("variable", "value", "metadata", "schema_version", "lineage")


class VariableCalls(Noun):
    """Values that are saved at locations, in versions."""

    def schema(self, keys: Optional[Sequence[Mapping[str, str]]] = None) -> Result:
        """Declares the schema keys, once ({name, type: string, integer or number}), or tells them."""
        return self._call("variables.schema", keys=unless_none(listed, "keys", keys))

    def save(
        self,
        variable: str,
        value: Any,
        metadata: Optional[Metadata] = None,
        schema_version: Optional[int] = None,
        lineage: Optional[Mapping[str, Any]] = None,
    ) -> Result:
        """Saves an array, {"table": columns} or {"json": anything}; `record_id`, `version`, `content_hash`, `deduplicated`.

        Large arrays go in pieces, each a request of its own.
        """
        return self._call(
            "variables.save",
            variable=variable,
            value=uploaded(self._client, value),
            metadata=metadata or {},
            schema_version=schema_version,
            lineage=lineage,
        )

    def save_many(self, saves: Sequence[Mapping[str, Any]]) -> Result:
        """Saves several values, all or none, each with the parameters of `save`; `saved` has what each was."""
        return self._call(
            "variables.save_many", saves=[self._prepared(place, save) for place, save in enumerate(listed("saves", saves))]
        )

    def _prepared(self, place: int, given: Any) -> Result:
        save = dict(by_name(f"saves[{place}]", given, "it is a dictionary with variable, value and metadata"))
        members_in(f"saves[{place}]", save, _SAVE)
        save["value"] = uploaded(self._client, save.get("value"))
        return save

    def upload(self, bytes: Any) -> Result:
        """Stores a piece of an array, uint8 (n,), for a `save` of {"dtype", "shape", "pieces"}; its name is `piece`."""
        return self._call("variables.upload", bytes=bytes)

    def download(self, piece: str) -> Result:
        """The `bytes` of a piece."""
        return self._call("variables.download", piece=piece)

    def load(
        self,
        variable: str,
        metadata: Optional[Metadata] = None,
        version: Optional[str] = None,
        as_of: Optional[float] = None,
        values: Optional[bool] = None,
    ) -> Result:
        """The latest record at a location, or an exact one, with its `value` unless `values` is False."""
        record = self._call(
            "variables.load", variable=variable, metadata=metadata, version=version, as_of=as_of, values=values, pieces=True
        )
        return downloaded(self._client, record)

    def load_all(
        self,
        variable: str,
        metadata: Optional[Metadata] = None,
        as_of: Optional[float] = None,
        values: Optional[bool] = None,
    ) -> Rows:
        """The latest record at every location that fits."""
        records = self._pages(
            "variables.load_all", "records", variable=variable, metadata=metadata, as_of=as_of, values=values, pieces=True
        )
        return (downloaded(self._client, record) for record in records)

    def find(self, variable: str, locations: Mapping[str, Any], exact: Optional[bool] = None) -> Result:
        """What is the latest at each of many locations, given and told as columns; without the values."""
        return self._call("variables.find", variable=variable, locations=locations, exact=exact)

    def versions(self, variable: str, metadata: Optional[Metadata] = None) -> Rows:
        """What was saved, the newest first, without the values."""
        return self._pages("variables.versions", "versions", variable=variable, metadata=metadata)

    def list(self) -> Result:
        """The `variables` that there are."""
        return self._call("variables.list")

    def delete(self, variable: str, version: Optional[str] = None, metadata: Optional[Metadata] = None) -> Result:
        """Deletes one record, or all at a location; their lineage stays."""
        return self._call("variables.delete", variable=variable, version=version, metadata=metadata)

    def tag(self, tag: str, record_ids: Sequence[str]) -> Result:
        """Pins records under a name: they, and what they were computed from, are not evicted."""
        return self._call("variables.tag", tag=tag, record_ids=listed("record_ids", record_ids))

    def untag(self, tag: str, record_ids: Optional[Sequence[str]] = None) -> Result:
        """Takes a tag from records, by default from all."""
        return self._call("variables.untag", tag=tag, record_ids=unless_none(listed, "record_ids", record_ids))

    def tags(self, tag: Optional[str] = None) -> Rows:
        """Which records have tags, or this one."""
        return self._pages("variables.tags", "tags", tag=tag)

    def collect(
        self,
        keep_latest: Optional[int] = None,
        keep_reachable: Optional[Sequence[str]] = None,
        originals: Optional[bool] = None,
        grace_seconds: Optional[float] = None,
        dry_run: Optional[bool] = None,
    ) -> Result:
        """Evicts values that nothing needs; what was `kept`, `rescued`, `quarantined` and `evicted`, in values and bytes."""
        return self._call(
            "variables.collect",
            keep_latest=keep_latest,
            keep_reachable=unless_none(listed, "keep_reachable", keep_reachable),
            originals=originals,
            grace_seconds=grace_seconds,
            dry_run=dry_run,
        )

    def compact(self) -> Result:
        """Writes the array file of variables anew without what was evicted."""
        return self._call("variables.compact")


class LineageCalls(Noun):
    """What records were computed from."""

    def save(
        self,
        output_record_id: str,
        output_type: str,
        function_name: str,
        function_hash: str,
        inputs: Sequence[Mapping[str, Any]] = (),
        constants: Sequence[Any] = (),
        lineage_hash: Optional[str] = None,
        output_num: Optional[int] = None,
        function_parts: Optional[Mapping[str, str]] = None,
        run_id: Optional[str] = None,
        user_id: Optional[str] = None,
        host: Optional[str] = None,
        started_at: Optional[float] = None,
    ) -> Result:
        """Records what made a record."""
        return self._call(
            "lineage.save",
            output_record_id=output_record_id,
            output_type=output_type,
            function_name=function_name,
            function_hash=function_hash,
            inputs=listed("inputs", inputs),
            constants=listed("constants", constants),
            lineage_hash=lineage_hash,
            output_num=output_num,
            function_parts=function_parts,
            run_id=run_id,
            user_id=user_id,
            host=host,
            started_at=started_at,
        )

    def find(self, lineage_hash: str) -> Result:
        """The `records` that an invocation made and that are still there."""
        return self._call("lineage.find", lineage_hash=lineage_hash)

    def find_many(self, lineage_hashes: Sequence[str]) -> Result:
        """What of many invocations is there: `found`, each with the `index` of its hash and the `record`."""
        return self._call("lineage.find_many", lineage_hashes=listed("lineage_hashes", lineage_hashes))

    def claim(
        self,
        lineage_hashes: Sequence[str],
        owner: str,
        ttl_ms: Optional[int] = None,
        wait_ms: Optional[int] = None,
        except_records: Optional[Sequence[str]] = None,
    ) -> Result:
        """The `records` of an invocation that are stored, else the `token` of a lease to run it, else who is `busy` with it."""
        params = {"owner": owner, "ttl_ms": ttl_ms, "wait_ms": wait_ms}
        # Told here: the server knows them under the protocol's name.
        given = unless_none(listed, "except_records", except_records)
        excepted = {"except": given and [text(f"except_records[{place}]", id) for place, id in enumerate(given)]}
        return self._call("lineage.claim", lineage_hashes=listed("lineage_hashes", lineage_hashes), **params, **excepted)

    def renew(self, token: int, ttl_ms: Optional[int] = None) -> Result:
        """Prolongs a lease."""
        return self._call("lineage.renew", token=token, ttl_ms=ttl_ms)

    def release(self, token: int) -> Result:
        """Gives a lease back."""
        return self._call("lineage.release", token=token)

    def why(self, record_id: str, lineage: Optional[Mapping[str, Any]] = None) -> Result:
        """The `changes` that made a record be computed again, or with `lineage` those that would make it."""
        return self._call("lineage.why", record_id=record_id, lineage=lineage)

    def get(self, record_id: str) -> Result:
        """What made a record."""
        return self._call("lineage.get", record_id=record_id)

    def upstream(self, record_id: str, depth: Optional[int] = None, fan_out: Optional[int] = None) -> Result:
        """The `records` that a record was computed from, and the `edges` between them; of a snapshot `fan_out` images."""
        return self._call("lineage.upstream", record_id=record_id, depth=depth, fan_out=fan_out)

    def downstream(self, record_id: str, depth: Optional[int] = None) -> Result:
        """The `records` that were computed from a record, and the `edges` between them."""
        return self._call("lineage.downstream", record_id=record_id, depth=depth)

    def export(
        self, record_id: str, format: str, direction: Optional[str] = None, depth: Optional[int] = None
    ) -> Result:
        """The graph around a record as `text`: prov-json, openlineage, mermaid or dot."""
        return self._call("lineage.export", record_id=record_id, format=format, direction=direction, depth=depth)
