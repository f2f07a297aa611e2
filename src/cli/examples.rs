//! The examples at the end of help texts. A test runs them.

pub(super) const PROGRAM: &str = "\
Examples:
  switchover tour
  switchover ask \"What is 17 * 23?\" -s \"question -> answer: int\"
  switchover ask \"What is DSPy?\" --fault openai/gpt-4o-mini=503
  switchover --gateway";

pub(super) const ASK: &str = "\
Examples:
  switchover ask \"What is DSPy?\"
  switchover ask \"What is 17 * 23?\" -s \"question -> answer: int\" --field answer
  switchover ask -s \"a: int, b: int -> total: int\" a=19 b=23
  switchover ask --raw \"Say hello.\" --dry-run";

pub(super) const EVAL: &str = "\
Examples:
  switchover eval cases.jsonl -s \"question -> answer: int\" --against anthropic/claude-3-haiku
  switchover eval cases.jsonl -s \"question -> answer: int\" --faults openai/gpt-4o-mini=503";

pub(super) const HISTORY: &str = "\
Examples:
  switchover history
  switchover history search DSPy
  switchover history show last
  switchover history forget --before 2026-11-30";

pub(super) const EXPORT: &str = "\
Examples:
  switchover export --to python -s \"question -> answer: int\" > program.py
  switchover export --to curl \"What is DSPy?\"
  switchover export --to html --run last > run.html";

pub(super) const GATEWAY: &str = "\
Examples:
  switchover gateway -m openai/gpt-4o-mini -m anthropic/claude-3-haiku
  switchover gateway --hold answer --max-cost 5

Then, in another terminal:
  OPENAI_BASE_URL=http://127.0.0.1:4141/v1 OPENAI_API_KEY=any python program.py";
