"""The predictor: decode, answer, encode."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from evacroute.answering.answers import Answers
from evacroute.answering.questions import Questions
from evacroute.serving import codec_v1, codec_v2
from evacroute.serving._kserve import (
    InferenceVerb,
    InferOutput,
    InferRequest,
    InferResponse,
    InvalidInput,
    Model,
    ModelNotReady,
)
from evacroute.serving.core import Core
from evacroute.serving.fields import Limits, Wanted
from evacroute.serving.refusals import BadRequest

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
        try:
            questions, wanted = codec.decode(payload, limits)
        except BadRequest as error:
            raise InvalidInput(str(error)) from None
        lines = "route" in wanted.outputs if is_v2 else wanted.route != "none"
        answers = await self.core.answer(
            questions, lines=lines, directions=wanted.directions, now=time.time()
        )
        if self._heard is not None:
            self._heard(questions, answers)
        if is_v2:
            return self._response(payload, questions, answers, wanted)
        return codec_v1.encode(answers, questions, wanted)

    def _response(
        self, request: InferRequest, questions: Questions, answers: Answers, wanted: Wanted
    ) -> InferResponse:
        columns = codec_v2.encode(answers, questions, wanted)
        outputs = [InferOutput(c.name, list(c.values.shape), c.datatype, c.values) for c in columns]
        if request.from_grpc:
            # KServe asks arrays whether they are true on this way, which only bytes survive.
            for output in outputs:
                output.set_data_from_numpy(output.data)
                output.parameters = None
        return InferResponse(
            response_id=request.id,
            model_name=self.name,
            model_version=answers.plan,
            infer_outputs=outputs,
            use_binary_outputs=request.use_binary_outputs,
            requested_outputs=None if request.from_grpc else request.request_outputs,
        )

    def get_input_types(self) -> list[dict[str, Any]]:
        """Columns that may be given, `lon` and `lat` alone must be."""
        return [_column(name, types[0]) for name, types in codec_v2.INPUTS.items()]

    def get_output_types(self) -> list[dict[str, Any]]:
        """Columns that can be asked for."""
        return [_column(name, datatype) for name, datatype in codec_v2.OUTPUTS.items()]


def _column(name: str, datatype: str) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": [-1]}
