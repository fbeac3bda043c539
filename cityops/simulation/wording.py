"""What people in the simulation say, in the city's language: what is wrong, reasons, fictitious names, numbers."""

from random import Random

from cityops.cases.names import Source
from cityops.simulation.facts import Condition

SINCE = ("", "", "，今早发现", "，已经两天了", "，已三天", "，昨晚开始的", "，好几天没人管", "，影响通行", "，请处理")

DECLINED = (
    "不属城市管理范围，已告知拨打12345。",
    "内容重复，已有案卷在办，已告知来电人。",
    "位置不清，来电人不愿说明，无法受理。",
)
NOT_FOUND = ("到现场未发现所述问题。", "现场已恢复正常，未发现问题。")
REFUSED = ("现场核实未发现问题，不予立案。", "已由产权单位自行处理，不予立案。")
BELOW = ("未达到立案标准，不予立案，已请巡查留意。", "属施工正常占用，手续齐全，不予立案。")
CONFIRMED = ("现场核实属实。", "情况属实，请尽快处置。", "已核实，位置准确。")
NOT_OURS = ("不属我单位管养范围，请改派。", "该设施已移交属地街道，申请退回。", "产权不明，请核实后改派。")
NOT_NOW = ("定位有误，现场未找到，请核对位置。", "需先确认管线权属，申请退回核实。")
NO_TIME = ("材料未到货，需延长处置时间。", "需与产权单位协调，申请延期。", "连日下雨无法施工，申请延期。")
NOT_ENOUGH = ("理由不充分，请按期处置。", "该类问题应当日解决，不同意延期。")
GRANTED = ("同意。", "情况属实，同意。", "同意，请抓紧处置。")
LONG_WORKS = ("需列入管线改造工程，附通知。", "路段封闭施工至月底，附施工公告。")
WAITS = ("需等产权单位停水后施工，附停水通知。", "冬季低温无法补种，附专业意见。")
DOUBLED = ("与在办案卷为同一问题，申请作废。", "误立案，现场为合法占用，申请作废。")
OVERSEEN = ("市民多次反映，请说明处置情况。", "重点路段，请今日内办结并回复。")
REPLIED = ("已安排抢修班组，今日完成。", "正在处置，预计两小时内完成。")
URGED = ("来电人再次催问，请尽快处置。", "临近时限，请抓紧。")
APPEALED = ("因外部停电无法施工，申请不计超期。", "返工系他人再次破坏所致，申请剔除。")
MADE_SAFE = ("已设置围挡和警示标志。", "已安排人员看护现场，无安全隐患。")
DECIDED = ("按职责清单裁定由该单位处置。", "经现场核定，该设施由该单位管养。")
HELPED = ("已到场配合，任务完成。", "已按要求协助，现场正常。")
LET_OFF = ("现场不需要配合。", "主办单位已自行完成。")
SAME = ("与前一来电为同一问题。", "同一地点同一问题，并入在办案卷。")
ANOTHER = ("现场另有一处问题，应单独处置。", "核对后不是同一问题。")
ONE_CAUSE = ("同一路段，疑为同一原因。", "同一施工造成，一并关注。")
UPHELD = ("复核属实，现场保持良好。", "复核通过。")
NOT_UPHELD = ("问题反弹，结案不实。", "复核时现场未恢复到位。")
SHARE_USED_UP = "本月额度已用完，请按期处置。"
HANDLED = ("已处置完毕，现场恢复。", "已安排班组现场处理到位。", "现场已处理完毕。", "已按要求整改完成。")
REWORKED = ("已重新处理。", "已按核查意见返工完成。")
PASSED = ("现场已恢复，符合结案条件。", "处置到位。", "核查通过。")
FAILED = ("现场仍有残留，未处置到位。", "未完全修复，请返工。", "回单照片与现场不符。")
REVIEW_FAILED = ("处置后照片看不清，转立案处理。", "现场仍需专业部门处置。")
CLOSED = ("结案。", "处置及时，同意结案。")

SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林"
TITLES = ("先生", "女士")
CALLS = {
    Source.HOTLINE: "来电反映：",
    Source.PUBLIC: "市民上报：",
    Source.VIDEO: "视频巡查发现：",
    Source.SENSOR: "设备告警：",
}


def describe(draw: Random, source: Source, condition: Condition, address: str) -> str:
    """What the report says."""
    # A citizen says it in one go, an inspector or a machine names the class first.
    between = "" if source in {Source.HOTLINE, Source.PUBLIC, Source.LEADER} else "："
    return f"{CALLS.get(source, '')}{address}，{condition.class_name}{between}{condition.text}{draw.choice(SINCE)}。"


def reporter(draw: Random) -> tuple[str, str]:
    """A reporter's name and telephone number; no operator has been given numbers that begin with 154."""
    return draw.choice(SURNAMES) + draw.choice(TITLES), f"1540000{draw.randrange(10_000):04d}"
