"""Two processes that share each batch learn what one learns with the whole batch."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from bottega.training import (
    BatchLoader,
    Callback,
    Constant,
    CropTransform,
    PictureSet,
    Trainer,
    Validation,
    build_optimizer,
    process_context,
)


class Speak(Callback):
    def end(self, trainer, ending):
        print(f"process {trainer.context.rank} of {trainer.context.world_size}: {ending}")


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 6, 3), nn.Tanh())
        self.head, self.rare = nn.Conv2d(6, 3, 1), nn.Conv2d(6, 3, 1)

    def forward(self, x, rare):
        return (self.rare if rare else self.head)(self.body(x))


def train(run):
    context = process_context("cpu", "fp32")
    torch.manual_seed(context.rank)  # the main process decides how all of them begin
    net = Net()
    generator = torch.Generator().manual_seed(1)
    pixels = [torch.randint(256, (3, 20, 24), dtype=torch.uint8, generator=generator) for _ in range(7)]
    batches = BatchLoader(PictureSet(pixels), 4, CropTransform(size=8, color=0.3))

    def step(step):
        x = batches(step)
        # In every third step the last picture takes another way, so that only one process has its gradient.
        chosen = [step.index % 3 == 0 and position == 3 for position in step.batch_indices(4)]
        each = [net(x[i : i + 1], rare).square().mean() for i, rare in enumerate(chosen)]
        step.update(torch.stack(each).mean())
        return {"loss": each[0]}

    # The second validation is worse: patience ends it, and all processes have to agree.
    values = iter([1.0, 2.0])
    validation = Validation(lambda: {"loss": next(values)}, every=4, patience=1)
    sgd = build_optimizer("sgd", net.parameters(), 0.1)
    schedule = Constant(50, warmup=0)
    Trainer(
        net, sgd, step, schedule, run, context=context, callbacks=[Speak()], validation=validation
    ).train()


def start(run, rank, count, port):
    """As ``torchrun`` starts it, without the second that torchrun itself takes."""
    launched = {"TORCHELASTIC_RUN_ID": "test", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    places = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": count, "LOCAL_WORLD_SIZE": count}
    environment = {**os.environ, **launched, "OMP_NUM_THREADS": "1"}
    environment |= {name: str(index) for name, index in places.items()}
    return subprocess.Popen(
        [sys.executable, __file__, str(run)], env=environment, stdout=subprocess.PIPE, text=True
    )


@pytest.mark.skipif(not torch.distributed.is_gloo_available(), reason="this torch has no gloo")
def test_two_processes_equal_one_with_the_whole_batch(tmp_path, capsys):
    pytest.importorskip("accelerate", reason="accelerate is not installed")
    torch.set_num_threads(1)
    train(tmp_path / "one")
    assert capsys.readouterr().out == "process 0 of 1: early\n"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running = [start(tmp_path / "two", rank, 2, port) for rank in range(2)]
    outputs = [process.communicate(timeout=280)[0] for process in running]
    assert [process.returncode for process in running] == [0, 0]
    assert outputs == ["process 0 of 2: early\n", ""]
    one, two = (torch.load(tmp_path / run / "last.pt", weights_only=True) for run in ("one", "two"))
    assert one["step"] == two["step"] == 8
    for name, value in one["module"].items():
        # The mean of two means: the same index up to rounding.
        assert torch.allclose(value, two["module"][name], atol=1e-6), name


if __name__ == "__main__":
    train(Path(sys.argv[1]))
