"""The registry of tools, from which every interface is derived."""

from bottega.tools.adjust.tool import ADJUST
from bottega.tools.analyze import ANALYZE
from bottega.tools.choose.tool import CHOOSE
from bottega.tools.common.tool import Tool
from bottega.tools.doctor import DOCTOR
from bottega.tools.evaluate.tool import EVALUATE
from bottega.tools.generate.tool import GENERATE
from bottega.tools.models import MODELS
from bottega.tools.remake.tool import REMAKE
from bottega.tools.styles import STYLES_TOOL
from bottega.tools.stylize.tool import STYLIZE
from bottega.tools.train.train_gan import TRAIN_GAN
from bottega.tools.train.train_styles import TRAIN
from bottega.tools.workflow.tool import WORKFLOW

TOOLS: dict[str, Tool] = {
    tool.name: tool
    for tool in (
        STYLIZE,
        REMAKE,
        STYLES_TOOL,
        GENERATE,
        ADJUST,
        ANALYZE,
        *TRAIN,
        TRAIN_GAN,
        WORKFLOW,
        *CHOOSE,
        EVALUATE,
        *MODELS,
        DOCTOR,
    )
}
