"""The predictor: decode, answer, encode."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from evacroute.answering.answers import Answers
from evacroute.answering.questions import Questions
from evacroute.serving import codec_v1, codec_v2
from evacroute.serving._kserve import (
    InferenceVerb,
    InferRequest,
    InferResponse,
    InvalidInput,
    Model,
    ModelNotReady,
)
from evacroute.serving.core import Core
from evacroute.serving.fields import Limits
from evacroute.serving.refusals import BadRequest
from evacroute.serving.wire_v2 import response_of

MANY = 16
"""Bodies of more parties are read and written in a thread of their own."""

T = TypeVar("T")

_Heard = Callable[[Questions, Answers], None]


class EvacrouteModel(Model):
    """Tells parties where to go, in both protocols of KServe.

    Parameters
    ----------
    name
        What it is called in the address.
    core
        What answers. It is loaded elsewhere, never in a request.
    max_persons, heard
        The most parties in one request, and who is told of each that was answered.
    """

    def __init__(
        self, name: str, core: Core, *, max_persons: int = 1000, heard: _Heard | None = None
    ) -> None:
        super().__init__(name)
        self.core = core
        self.max_persons = max_persons
        self._heard = heard
        self._aside = ThreadPoolExecutor(1, thread_name_prefix="bodies")

    def load(self) -> bool:
        """Whether it is loaded: KServe calls this in requests."""
        return self.core.ready

    async def healthy(self) -> bool:
        """Whether it can answer."""
        return self.core.ready

    async def __call__(
        self,
        body: dict[str, Any] | InferRequest,
        headers: dict[str, str] | None = None,
        verb: InferenceVerb = InferenceVerb.PREDICT,
    ) -> tuple[dict[str, Any] | InferResponse, dict[str, str]]:
        """Answer without the hooks before and after, which KServe times one by one."""
        if verb is not InferenceVerb.PREDICT:
            raise NotImplementedError("only predict is served")
        return await self.predict(body, headers), {}

    async def predict(
        self, payload: dict[str, Any] | InferRequest, headers: dict[str, str] | None = None
    ) -> dict[str, Any] | InferResponse:
        """Answer a body of V1 or a request of V2; InvalidInput says what is wrong with it."""
        if not self.core.ready:
            raise ModelNotReady(self.name)
        is_v2 = isinstance(payload, InferRequest)
        codec: Any = codec_v2 if is_v2 else codec_v1
        limits = Limits(self.core.bounds, self.core.hazard, self.max_persons)
        many = codec.n_rows(payload) > MANY
        try:
            questions, wanted = await self._done(many, codec.decode, payload, limits)
        except BadRequest as error:
            raise InvalidInput(str(error)) from None
        lines = "route" in wanted.outputs if is_v2 else wanted.route != "none"
        answers = await self.core.answer(
            questions, lines=lines, directions=wanted.directions, now=time.time()
        )
        if self._heard is not None:
            self._heard(questions, answers)
        made = await self._done(many, codec.encode, answers, questions, wanted)
        return response_of(payload, self.name, answers.plan, made) if is_v2 else made

    async def _done(self, many: bool, work: Callable[..., T], *given: Any) -> T:
        """Do some work, in a thread of its own where it would hold up who asks for health."""
        if not many:
            return work(*given)
        return await asyncio.get_running_loop().run_in_executor(self._aside, work, *given)

    def get_input_types(self) -> list[dict[str, Any]]:
        """Columns that may be given, `lon` and `lat` alone must be."""
        return [_column(name, types[0]) for name, types in codec_v2.INPUTS.items()]

    def get_output_types(self) -> list[dict[str, Any]]:
        """Columns that can be asked for."""
        return [_column(name, datatype) for name, datatype in codec_v2.OUTPUTS.items()]


def _column(name: str, datatype: str) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": [-1]}
