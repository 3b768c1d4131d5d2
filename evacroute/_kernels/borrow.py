"""Arrays in tuples without the counting of references, for kernels of many small functions.

Compiled code counts a reference, atomically, whenever an array is taken out of a tuple. A kernel
that hands tuples of arrays to small functions a hundred million times spends most of its time on
that. `borrowed` gives the same tuple with arrays that are not counted: whoever calls the kernel
holds them until it is done.
"""

from __future__ import annotations

import os
from typing import Any

from numba.core import cgutils, types
from numba.extending import intrinsic
from numba.np import arrayobj

if os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0"):

    def borrowed(arrays: Any) -> Any:
        """Give the tuple as it is."""
        return arrays

else:

    @intrinsic
    def borrowed(typing_context: Any, arrays: Any) -> Any:
        """Give a tuple, or one array, whose arrays are not counted."""
        members = [arrays] if isinstance(arrays, types.Array) else list(arrays)

        def codegen(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            value = given[0]
            for i, kind in enumerate(members):
                if not isinstance(kind, types.Array):
                    continue
                whole = len(members) == 1 and kind is arrays
                part = value if whole else builder.extract_value(value, i)
                array = arrayobj.make_array(kind)(context, builder, part)
                array.meminfo = cgutils.get_null_value(array.meminfo.type)
                bare = array._getvalue()
                value = bare if whole else builder.insert_value(value, bare, i)
            return value

        return arrays(arrays), codegen
