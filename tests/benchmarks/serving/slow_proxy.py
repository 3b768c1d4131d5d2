"""A proxy that lets every answer of a server wait: a store far away, or in trouble."""

from __future__ import annotations

import asyncio
import contextlib
import threading

from processes import free_port


class SlowProxy:
    """Passes on what comes to a port of its own, in a thread; answers wait for `delay` [s]."""

    def __init__(self, port: int) -> None:
        self.delay = 0.0
        self.port = free_port()
        self._behind = port
        self._loop = asyncio.new_event_loop()
        opened = threading.Event()
        self._thread = threading.Thread(target=self._work, args=[opened], daemon=True)
        self._thread.start()
        opened.wait(5)

    def _work(self, opened: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        serving = asyncio.start_server(self._pass_on, "127.0.0.1", self.port)
        self._server = self._loop.run_until_complete(serving)
        opened.set()
        self._loop.run_forever()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            behind = await asyncio.open_connection("127.0.0.1", self._behind)
        except OSError:
            writer.close()
            return
        there = asyncio.create_task(self._copy(reader, behind[1], is_answer=False))
        back = asyncio.create_task(self._copy(behind[0], writer, is_answer=True))
        await asyncio.wait((there, back), return_when=asyncio.FIRST_COMPLETED)
        for one in (writer, behind[1]):
            one.close()
        there.cancel()
        back.cancel()

    async def _copy(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_answer: bool
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(1 << 16):
                if is_answer and self.delay:
                    await asyncio.sleep(self.delay)
                writer.write(data)
                await writer.drain()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
