"""The command `fuzz`: look for a question that a testee answers otherwise than the reference."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console, Group
from rich.text import Text

from flatstream_conformance import files, show, terminal
from flatstream_conformance.commands import options
from flatstream_conformance.errors import EXIT_FAILED, EXIT_OK, ConformanceError
from flatstream_conformance.process import split_command
from flatstream_conformance.session import Session

if TYPE_CHECKING:
    from rich.console import RenderableType

    from flatstream_conformance.fuzzing.hunt import Finding, Hunt


@click.command("fuzz")
@click.option("--testee", required=True, metavar="COMMAND", help="What starts the testee.")
@click.option(
    "--in",
    "testee_folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Start the testee there.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(0, options.MAX_SECONDS, min_open=True),
    default=30.0,
    show_default=True,
    callback=options.refuse_nan,
    help="Time for all: a quarter of it is kept for making a finding small.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed asks the same questions.")
@click.option("--max-examples", type=click.IntRange(1), metavar="N", help="Ask no more than so many questions.")
@options.timeout
@click.option(
    "--json",
    "json_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the finding there, as a file of vectors.",
)
def fuzz_command(
    *,
    testee: str,
    testee_folder: Path | None,
    seconds: float,
    seed: int,
    max_examples: int | None,
    timeout: float,
    json_file: Path | None,
) -> int:
    """Ask a testee made-up questions, and compare its answers with the reference's.

    Streams, damage, chunks, faults and limits are made up from what the testee claims, for checksum, frame,
    deframe, recover and truncate. The first difference, crash or hang is made as small as it gets and printed as
    a file of vectors that can be added as it stands.

    Exit status: 0 nothing was found; 1 a difference, or nothing was asked; 2 wrong usage; 3 the testee could not
    be started.
    """
    if find_spec("hypothesis") is None:
        raise ConformanceError("the search needs the package hypothesis: pip install 'flatstream[fuzz]'")
    # Only now: without the package these modules cannot be imported.
    from flatstream_conformance.fuzzing.hunt import hunt  # noqa: PLC0415
    from flatstream_conformance.fuzzing.oracle import Oracle  # noqa: PLC0415

    if json_file is not None:
        files.refuse_unwritable(json_file)
    console = Console(highlight=False, emoji=False)
    oracle = Oracle()
    with Session(split_command(testee), timeout, testee_folder) as session:
        with console.status("asking") as status:

            def on_case(found: Hunt) -> None:
                what = "making it smaller" if found.findings else "asking"
                status.update(f"{what}: {found.asked} questions")

            found = hunt(session, oracle, seed=seed, seconds=seconds, max_examples=max_examples, on_case=on_case)
        name = terminal.printable(str(session.claims.implementation.get("name")))
    finding = found.smallest
    asked = f"{found.asked} questions in {found.seconds:.1f} s, seed {seed}"
    if finding is None:
        console.print(f"{name}: {asked}{f', {found.skipped} skipped' if found.skipped else ''}")
        if found.asked == found.skipped:
            console.print(Text("FAILED: no question was answered", style="bold red"))
            return EXIT_FAILED
        console.print(Text("PASSED: no difference from the reference", style="bold green"))
        return EXIT_OK
    document = _document(finding)
    if json_file is not None:
        files.write_atomically(json_file, document)
    console.print(_shown(finding, found))
    # Not wrapped, and no markup: to be copied.
    console.print(Text("\nAs a file of vectors", style="bold"))
    console.print(Text(document.rstrip()), soft_wrap=True)
    console.print(Text(f"\nFAILED: {name} differs from the reference; {asked}", style="bold red"))
    return EXIT_FAILED


def _document(finding: Finding) -> str:
    from flatstream_conformance.fuzzing.case import vector_file  # noqa: PLC0415 -- as above

    return json.dumps(vector_file(finding.case, finding.expect), indent=1) + "\n"


def _shown(finding: Finding, found: Hunt) -> RenderableType:
    parts: list[RenderableType] = [show.wires(finding.case.request, finding.expect)]
    parts += [Text("\nThe request", style="bold"), Text(show.message({"op": finding.case.op, **finding.case.request}))]
    parts += [Text("\nThe reference", style="bold"), Text(show.message(finding.expect), style="green")]
    parts.append(Text("\nThe testee", style="bold"))
    if finding.reply is None:
        parts.append(Text(terminal.printable(finding.reason), style="red"))
        if finding.stderr.strip():
            tail = finding.stderr.strip().splitlines()[-6:]
            parts.append(Text("stderr: " + terminal.printable("\n".join(tail)), style="dim"))
    else:
        said = {name: value for name, value in finding.reply.items() if name != "seq"}
        parts.append(Text(terminal.printable(show.message(said)), style="red"))
        parts.append(terminal.differences(finding.differences))
    if not found.stable:
        parts.append(Text("The testee does not answer this wrongly each time.", style="yellow"))
    elif not found.shrunk:
        parts.append(Text("The time was over before this was as small as it gets.", style="yellow"))
    return Group(*parts)
