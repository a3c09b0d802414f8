"""One file per tool: settings and run. The table of tools is what every face is derived from."""

from bottega.tools.adjust import ADJUST
from bottega.tools.choose import CHOOSE
from bottega.tools.doctor import DOCTOR
from bottega.tools.evaluate import EVALUATE
from bottega.tools.generate import GENERATE
from bottega.tools.models import MODELS
from bottega.tools.read import READ
from bottega.tools.remake.tool import REMAKE
from bottega.tools.styles import STYLES_TOOL
from bottega.tools.stylize.tool import STYLIZE
from bottega.tools.tool import Outcome, Report, Settings, Tool
from bottega.tools.train import TRAIN
from bottega.tools.train_gan import TRAIN_GAN
from bottega.tools.workflow import WORKFLOW

TOOLS: dict[str, Tool] = {
    tool.name: tool
    for tool in (
        STYLIZE,
        REMAKE,
        STYLES_TOOL,
        GENERATE,
        ADJUST,
        READ,
        *TRAIN,
        TRAIN_GAN,
        WORKFLOW,
        *CHOOSE,
        EVALUATE,
        *MODELS,
        DOCTOR,
    )
}

__all__ = ["TOOLS", "Outcome", "Report", "Settings", "Tool"]
