"""The report's own words in English and Chinese, and its marks with and without Unicode."""

from __future__ import annotations

import re
from dataclasses import dataclass

WORDS = {
    "accepted": {"en": "accepted", "zh": "通过"},
    "not accepted": {"en": "not accepted", "zh": "未通过"},
    "not judged yet": {"en": "not judged", "zh": "未能评判"},
    "nothing written yet": {"en": "nothing written yet", "zh": "尚未作答"},
    "stub": {
        "en": "This is still the stub: every part of it raises NotImplementedError.",
        "zh": "这还是起始文件：每个部分都会抛出 NotImplementedError。",
    },
    "write": {"en": "Write your solution in {file}.", "zh": "请在 {file} 中作答。"},
    "attempt": {"en": "judge attempt {problem}", "zh": "judge attempt {problem}"},
    "again": {
        "en": "judge attempt {problem} again, once that is fixed",
        "zh": "改好后再次运行 judge attempt {problem}",
    },
    "hint": {
        "en": "judge hint {problem} ({hint} of {count})",
        "zh": "judge hint {problem}（共 {count} 条，第 {hint} 条）",
    },
    "only": {"en": "judge attempt {problem} --only {check}", "zh": "judge attempt {problem} --only {check}"},
    "reveal": {
        "en": "judge reveal {problem} (compare yours with the reference)",
        "zh": "judge reveal {problem}（与参考答案对照）",
    },
    "list": {"en": "judge list", "zh": "judge list"},
    "doctor": {
        "en": "judge doctor; this is the judge's fault, not your solution's",
        "zh": "judge doctor；这是评判程序的故障，不是你的答案有错",
    },
    "all passed": {"en": "Every check passed.", "zh": "所有检查均已通过。"},
    "next": {"en": "Next: {step}", "zh": "下一步：{step}"},
    "not run": {"en": "Not run", "zh": "未运行"},
    "elsewhere": {
        "en": "Works on the CPU, fails on an accelerator:",
        "zh": "在 CPU 上正确，在加速器上出错：",
    },
    "devices differ": {"en": "Works on {good}, fails on {bad}:", "zh": "在 {good} 上正确，在 {bad} 上出错："},
    "drawn": {"en": "Failing input: {example}", "zh": "出错输入：{example}"},
    "smallest": {"en": "Smallest failing input: {example}", "zh": "最小的出错输入：{example}"},
    "expected": {"en": "expected", "zh": "应为"},
    "got": {"en": "got", "zh": "实为"},
    "off by": {"en": "off by up to {error}", "zh": "最大相差 {error}"},
    "allowed": {"en": "allowed {allowed}", "zh": "允许 {allowed}"},
    "line": {"en": "line {number}:", "zh": "第 {number} 行："},
    "printed": {"en": "It printed:", "zh": "程序输出："},
    "curve": {"en": "learning curve, ", "zh": "学习曲线，"},
    "yours": {"en": "yours", "zh": "你的"},
    "reference": {"en": "reference", "zh": "参考"},
    "known mistake": {
        "en": "Known mistake; your numbers equal its numbers in {where}:",
        "zh": "已知错误；你的结果在{where}与它完全相同：",
    },
    "similar mistake": {
        "en": "Perhaps this known mistake, which fails in the same way in {where}:",
        "zh": "可能是这个已知错误，它在{where}以同样的方式失败：",
    },
    "that check": {"en": "that check", "zh": "该检查中"},
    "both checks": {"en": "both checks", "zh": "两项检查中"},
    "all checks": {"en": "all {count} checks", "zh": "全部 {count} 项检查中"},
    "some checks": {"en": "{names}", "zh": " {names} 中"},
    "simulated": {"en": "simulated accelerator", "zh": "模拟加速器"},
    "seed": {"en": "seed {seed}", "zh": "种子 {seed}"},
    "isolation": {"en": "isolation {level}", "zh": "隔离 {level}"},
    # verdicts
    "passed": {"en": "passed", "zh": "通过"},
    "wrong": {"en": "wrong", "zh": "错误"},
    "slow": {"en": "slow", "zh": "太慢"},
    "error": {"en": "error", "zh": "异常"},
    "timeout": {"en": "timeout", "zh": "超时"},
    "memory": {"en": "memory", "zh": "内存"},
    "crashed": {"en": "crashed", "zh": "崩溃"},
    "forbidden": {"en": "forbidden", "zh": "禁用"},
    "output-limit": {"en": "output limit", "zh": "输出过多"},
    "skipped": {"en": "not run", "zh": "未运行"},
    "not judged": {"en": "not judged", "zh": "不评判"},
    "infra": {"en": "judge failed", "zh": "评判故障"},
}


@dataclass(frozen=True)
class Marks:
    """The signs of a report."""

    passed: str
    failed: str
    neutral: str  # not run, not judged
    infra: str
    dot: str
    ellipsis: str
    bar: str  # before each line that the solution printed
    arrow: str
    line: str  # what a rule between two reports is made of
    blocks: str  # a curve's heights, lowest first


UNICODE = Marks("✓", "✗", "–", "!", "·", "…", "│", "→", "─", "▁▂▃▄▅▆▇█")
ASCII = Marks("+", "x", "-", "!", "-", "...", "|", "->", "-", "_.-=+*#@")


def marks_for(encoding: str) -> Marks:
    """Unicode marks where the encoding has them all, else ASCII."""
    try:
        "".join(vars(UNICODE).values()).encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return UNICODE


def word(key: str, language: str, **values: object) -> str:
    """The phrase in that language, or in English, with its values filled in."""
    phrases = WORDS[key]
    return phrases.get(language.split("-")[0].split("_")[0], phrases["en"]).format(**values)


def located(location: str, language: str) -> str:
    """ "line 12: q @ k" with the word for line in that language."""
    match = re.match(r"line (\d+):?", location)
    if match is None:
        return location
    return f"{word('line', language, number=match[1])} {location[match.end() :].strip()}".rstrip(":： ")
