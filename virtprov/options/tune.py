"""Limits and shares: `--memtune`, `--blkiotune`, `--cputune`, `--numatune`, `--iothreads`, `--resource`."""

from __future__ import annotations

from virtprov.options.model import INT, Row, Table

_MEMORY_MODES = ("strict", "preferred", "interleave", "restrictive")
_SCHEDULERS = ("batch", "idle", "fifo", "rr")
_DEVICE = "./blkiotune/device[#]/"
_CPU = "./cputune/"
_CACHE = _CPU + "cachetune[#]/"
_THREAD = "./iothreadids/iothread[#]/"

_QUOTAS = tuple(
    Row(f"{who}{what}", f"{_CPU}{who}{what}", INT)
    for who in ("", "global_", "emulator_", "iothread_")
    for what in ("period", "quota")
)

_CPUTUNE = (
    Row("shares", _CPU + "shares", INT),
    *_QUOTAS,
    Row("vcpupin[0-9]*.vcpu", _CPU + "vcpupin[#]/@vcpu", INT),
    Row("vcpupin[0-9]*.cpuset", _CPU + "vcpupin[#]/@cpuset", commas=True),
    Row("emulatorpin.cpuset", _CPU + "emulatorpin/@cpuset", commas=True),
    Row("iothreadpin[0-9]*.iothread", _CPU + "iothreadpin[#]/@iothread", INT),
    Row("iothreadpin[0-9]*.cpuset", _CPU + "iothreadpin[#]/@cpuset", commas=True),
    Row("emulatorsched.scheduler", _CPU + "emulatorsched/@scheduler", values=_SCHEDULERS),
    Row("emulatorsched.priority", _CPU + "emulatorsched/@priority", INT),
    Row("vcpusched[0-9]*.vcpus", _CPU + "vcpusched[#]/@vcpus", commas=True),
    Row("vcpusched[0-9]*.scheduler", _CPU + "vcpusched[#]/@scheduler", values=_SCHEDULERS),
    Row("vcpusched[0-9]*.priority", _CPU + "vcpusched[#]/@priority", INT),
    Row("iothreadsched[0-9]*.iothreads", _CPU + "iothreadsched[#]/@iothreads", commas=True),
    Row("iothreadsched[0-9]*.scheduler", _CPU + "iothreadsched[#]/@scheduler", values=_SCHEDULERS),
    Row("iothreadsched[0-9]*.priority", _CPU + "iothreadsched[#]/@priority", INT),
    Row("cachetune[0-9]*.vcpus", _CACHE + "@vcpus", commas=True),
    Row("cachetune[0-9]*.cache[0-9]*.id", _CACHE + "cache[#]/@id", INT),
    Row("cachetune[0-9]*.cache[0-9]*.level", _CACHE + "cache[#]/@level", INT),
    Row("cachetune[0-9]*.cache[0-9]*.type", _CACHE + "cache[#]/@type", values=("both", "code", "data")),
    Row("cachetune[0-9]*.cache[0-9]*.size", _CACHE + "cache[#]/@size", INT),
    Row("cachetune[0-9]*.cache[0-9]*.unit", _CACHE + "cache[#]/@unit"),
    Row("cachetune[0-9]*.monitor[0-9]*.level", _CACHE + "monitor[#]/@level", INT),
    Row("cachetune[0-9]*.monitor[0-9]*.vcpus", _CACHE + "monitor[#]/@vcpus", commas=True),
    Row("memorytune[0-9]*.vcpus", _CPU + "memorytune[#]/@vcpus", commas=True),
    Row("memorytune[0-9]*.node[0-9]*.id", _CPU + "memorytune[#]/node[#]/@id", INT),
    Row("memorytune[0-9]*.node[0-9]*.bandwidth", _CPU + "memorytune[#]/node[#]/@bandwidth", INT),
)

TABLES = (
    Table(
        "memtune",
        ".",
        (
            Row("hard_limit", "./memtune/hard_limit"),
            Row("soft_limit", "./memtune/soft_limit"),
            Row("swap_hard_limit", "./memtune/swap_hard_limit"),
            Row("min_guarantee", "./memtune/min_guarantee"),
        ),
        first=("soft_limit",),
        part="./memtune",
    ),
    Table(
        "blkiotune",
        ".",
        (
            Row("weight", "./blkiotune/weight", INT),
            Row("device[0-9]*.path", _DEVICE + "path", old=("device_path",)),
            Row("device[0-9]*.weight", _DEVICE + "weight", INT, old=("device_weight",)),
            *(
                Row(f"device[0-9]*.{what}", _DEVICE + what, INT, old=(what,))
                for what in ("read_bytes_sec", "write_bytes_sec", "read_iops_sec", "write_iops_sec")
            ),
        ),
        first=("weight",),
        part="./blkiotune",
    ),
    Table("cputune", ".", _CPUTUNE, part="./cputune"),
    Table(
        "numatune",
        ".",
        (
            Row("memory.nodeset", "./numatune/memory/@nodeset", old=("nodeset",), commas=True),
            Row("memory.mode", "./numatune/memory/@mode", old=("mode",), values=_MEMORY_MODES),
            Row("memory.placement", "./numatune/memory/@placement", values=("static", "auto")),
            Row("memnode[0-9]*.cellid", "./numatune/memnode[#]/@cellid", INT),
            Row("memnode[0-9]*.mode", "./numatune/memnode[#]/@mode", values=_MEMORY_MODES),
            Row("memnode[0-9]*.nodeset", "./numatune/memnode[#]/@nodeset", commas=True),
        ),
        first=("memory.nodeset",),
        part="./numatune",
    ),
    Table(
        "iothreads",
        ".",
        (
            Row("iothreads", "./iothreads", INT),
            Row("iothreadids.iothread[0-9]*.id", _THREAD + "@id", INT),
            Row("iothreadids.iothread[0-9]*.thread_pool_min", _THREAD + "@thread_pool_min", INT),
            Row("iothreadids.iothread[0-9]*.thread_pool_max", _THREAD + "@thread_pool_max", INT),
            Row("iothreadids.iothread[0-9]*.poll.max", _THREAD + "poll/@max", INT),
            Row("iothreadids.iothread[0-9]*.poll.grow", _THREAD + "poll/@grow", INT),
            Row("iothreadids.iothread[0-9]*.poll.shrink", _THREAD + "poll/@shrink", INT),
            Row("defaultiothread.thread_pool_min", "./defaultiothread/@thread_pool_min", INT),
            Row("defaultiothread.thread_pool_max", "./defaultiothread/@thread_pool_max", INT),
        ),
        first=("iothreads",),
    ),
    Table(
        "resource",
        ".",
        (
            Row("partition", "./resource/partition"),
            Row("fibrechannel.appid", "./resource/fibrechannel/@appid", commas=True),
        ),
        first=("partition",),
        part="./resource",
    ),
)
