"""Device, precision, threads, seeds and memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
import torch

from bottega import runtime
from bottega.environment import openmp_threads
from bottega.errors import ResourceError, SettingsError
from bottega.runtime import memory
from bottega.runtime.hardware import usable_cores


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch):
    for name in ("DEVICE", "PRECISION", "THREADS"):
        monkeypatch.delenv(f"BOTTEGA_{name}", raising=False)
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def test_auto_selects_the_best_device():
    chosen = runtime.select_device()
    if torch.cuda.is_available():
        assert chosen.type == "cuda"
    else:
        assert chosen.type == ("mps" if torch.backends.mps.is_available() else "cpu")
    torch.ones(2, device=chosen).sum().item()


def test_environment_variable_applies_to_auto(monkeypatch):
    monkeypatch.setenv("BOTTEGA_DEVICE", "cpu")
    assert runtime.select_device().type == "cpu"
    monkeypatch.setenv("BOTTEGA_DEVICE", "nonsense")
    assert runtime.select_device("cpu").type == "cpu"
    with pytest.raises(SettingsError, match="nonsense"):
        runtime.select_device()


@pytest.mark.parametrize("name", ["gpu", "", "cpu:3", "cuda:x", "meta", "CPU "])
def test_invalid_device_names(name):
    with pytest.raises(SettingsError, match="not a device"):
        runtime.select_device(name)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has what the test wants missing")
@pytest.mark.parametrize("name", ["cuda", "cuda:1"])
def test_a_missing_gpu(name):
    with pytest.raises(ResourceError, match=f'"{name}" was requested.*choose cpu or auto'):
        runtime.select_device(name)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_beyond_the_last():
    with pytest.raises(ResourceError, match="counted from cuda:0"):
        runtime.select_device(f"cuda:{torch.cuda.device_count()}")


@pytest.mark.skipif(torch.backends.mps.is_available(), reason="this machine has what the test wants missing")
def test_a_missing_apple_gpu():
    with pytest.raises(ResourceError, match="Apple GPU"):
        runtime.select_device("mps")


def test_precision_by_name_and_by_variable(monkeypatch):
    cpu = torch.device("cpu")
    assert runtime.select_dtype(cpu, "fp32") is torch.float32
    assert runtime.select_dtype(cpu, "bf16") is torch.bfloat16
    monkeypatch.setenv("BOTTEGA_PRECISION", "fp32")
    assert runtime.select_dtype(cpu) is torch.float32
    assert runtime.select_dtype(cpu, "bf16") is torch.bfloat16
    with pytest.raises(SettingsError, match='"fp16" is not a precision'):
        runtime.select_dtype(cpu, "fp16")


@pytest.mark.skipif(not os.path.exists("/proc/cpuinfo"), reason="compares with Linux's own table")
def test_bf16_agrees_with_proc_cpuinfo():
    with open("/proc/cpuinfo", encoding="utf-8") as table:
        flags = next(line for line in table if line.startswith(("flags", "Features"))).split()
    native = bool({"avx512_bf16", "amx_bf16", "bf16"}.intersection(flags))
    expected = torch.bfloat16 if native else torch.float32
    assert runtime.select_dtype(torch.device("cpu")) is expected
    assert ("avx2" in flags) == ("avx2" in runtime.cpu_capabilities())


def test_threads(monkeypatch):
    assert runtime.set_threads(1) == 1 == torch.get_num_threads()
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert runtime.set_threads() == 3 == torch.get_num_threads()
    monkeypatch.setenv("BOTTEGA_THREADS", "2")
    assert runtime.set_threads() == 2 == torch.get_num_threads()
    assert runtime.set_threads(1) == 1
    monkeypatch.setenv("BOTTEGA_THREADS", "0")
    assert runtime.set_threads() == 3
    with pytest.raises(SettingsError, match="-1"):
        runtime.set_threads(-1)


@pytest.mark.parametrize(
    ("value", "count"), [("2", 2), (" 4,2,1", 4), ("", None), ("0", None), ("-1", None), ("many", None)]
)
def test_omp_num_threads(monkeypatch, value, count):
    monkeypatch.setenv("OMP_NUM_THREADS", value)
    assert openmp_threads() == count
    assert runtime.set_threads() == (count or usable_cores())


def test_threads_stay_within_the_affinity(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("only Linux binds processes to cores")
    allowed = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert runtime.set_threads() == 1
    finally:
        os.sched_setaffinity(0, allowed)


def test_seeds_repeat_and_do_not_change_the_global_generator():
    before = torch.get_rng_state()
    draws = [torch.rand(4, generator=runtime.seeded_generator(seed)) for seed in (5, 5, 6)]
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])
    assert torch.equal(before, torch.get_rng_state())
    runtime.seeded_generator(2**63 - 1)
    for seed in (-1, 2**63):
        with pytest.raises(SettingsError, match=str(seed)):
            runtime.seeded_generator(seed)


def state():
    return (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
        torch.backends.cudnn.benchmark,
        torch.utils.deterministic.fill_uninitialized_memory,
    )


def test_deterministic_is_restored_even_after_an_error(monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "benchmark", True)
    before = state()
    with pytest.raises(KeyError), runtime.deterministic():  # noqa: PT012 - the block is what is tested
        assert state() == (True, False, False, False)
        with runtime.deterministic():
            pass
        assert state() == (True, False, False, False)
        raise KeyError
    assert state() == before


def test_deterministic_rejects_other_operations():
    # torch lists this as having no deterministic way on any device.
    with runtime.deterministic(), pytest.raises(RuntimeError, match="deterministic"):
        torch.ones(4).put_(torch.tensor([0, 0]), torch.tensor([1.0, 2.0]), accumulate=False)


def test_peak_memory_grows():
    before = runtime.peak_memory()
    held = torch.ones(before // 4 + 64 * 2**20)
    grown = runtime.peak_memory()
    assert grown >= before + 32 * 2**20
    assert grown < 20 * before + 2**30
    del held
    # The kernel counts per processor and adds up late: a few pages come and go.
    assert runtime.peak_memory() >= 0.99 * grown


@pytest.mark.skipif(not memory.STATUS.exists(), reason="the table of the process is Linux's")
def test_peak_memory_is_not_inherited():
    child = "from bottega.runtime import peak_memory; print(peak_memory())"
    parent = (
        "import subprocess, sys; held = b'x' * 10**9; "
        f"print(subprocess.run([sys.executable, '-c', {child!r}], capture_output=True, text=True).stdout)"
    )
    done = subprocess.run([sys.executable, "-c", parent], capture_output=True, text=True, check=True)
    assert 50e6 < int(done.stdout) < 9e8


def test_peak_memory_without_proc(monkeypatch, tmp_path):
    peak = runtime.peak_memory()
    for content in ("", None):
        table = tmp_path / f"status-{content}"
        if content is not None:
            table.write_text(content)
        monkeypatch.setattr(memory, "STATUS", table)
        # The same kernel, another count: of the pages that the page tables hold.
        assert 0.5 * peak < runtime.peak_memory() < 20 * peak


def test_available_memory():
    assert 0 < runtime.available_memory() <= runtime.system_info()["memory"]


def test_configure_malloc():
    code = (
        "import platform, torch\n"
        "from bottega.runtime import configure_malloc\n"
        "done = configure_malloc()\n"
        "torch.ones(2000, 2000).sum()\n"
        "assert done == (platform.libc_ver()[0] == 'glibc' and platform.system() == 'Linux'), done\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.skipif(not memory.STATUS.exists(), reason="resident memory is read from /proc")
def test_reduce_malloc_retention_after_configure_malloc_only():
    code = (
        "import torch\n"
        "from bottega.runtime import memory, reduce_malloc_retention, configure_malloc\n"
        "def resident():\n"
        "    lines = memory.STATUS.read_text().splitlines()\n"
        "    return next(int(line.split()[1]) for line in lines if line.startswith('VmRSS'))\n"
        "assert not reduce_malloc_retention(), 'not tuned'\n"
        "if configure_malloc():\n"
        "    assert reduce_malloc_retention()\n"
        "    before = resident()\n"
        "    big = torch.ones(100_000_000)\n"
        "    after = torch.ones(1000)\n"
        "    assert resident() > before + 300_000\n"
        "    del big\n"
        "    assert resident() < before + 50_000\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_system_info():
    info = runtime.system_info()
    assert json.loads(json.dumps(info)) == info
    assert info["torch"] == torch.__version__
    assert info["cpu"]
    assert info["cores"] >= 1
    assert info["precision"] in ("float32", "bfloat16")
    assert set(info["flags"]) <= runtime.cpu_capabilities()


def test_matmul_gflops():
    torch.set_num_threads(1)
    slow, quick = (runtime.matmul_gflops(torch.float32, seconds) for seconds in (0.0, 0.2))
    assert 0.1 < slow < 1e6
    # The same machine, another moment: within a factor even where others use it too.
    assert quick > slow / 5
