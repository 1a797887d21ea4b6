#!/usr/bin/env bash
# Keep one pull request open as long as the journal has conflicts: it proposes to keep both sides of each.
#
#   conflicts-pull-request.sh
#
# Runs in a checkout of the branch that is synced, which it leaves as it is; needs `journal`, `gh` and python3. The branch
# `journal-conflicts` is this script's own: what others push to it is replaced. What the journal says is data: it reaches
# files and JSON, never a command or a heading.
#
# Ends with 0 when the pull request is as it should be, 1 when nothing could be proposed, 2 when it cannot start, else as
# the command that failed.
set -euo pipefail

name=journal-conflicts
title="Conflicts of the journal"

cd -- "$(git rev-parse --show-toplevel)"
root=$PWD
if ! base=$(git symbolic-ref --quiet --short HEAD) || [ "$base" = "$name" ]; then
    echo "conflicts-pull-request: check out the branch that is synced" >&2
    exit 2
fi
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT

code=0
journal conflicts --json >"$work/conflicts.json" || code=$?
if [ "$code" -gt 1 ]; then exit "$code"; fi
gh pr list --head "$name" --base "$base" --state open --json number,isCrossRepository >"$work/pulls.json"
there=$(git ls-remote --quiet origin "refs/heads/$name" | cut -f 1)

# A fork can have a branch of the same name.
number=$(python3 - "$work/pulls.json" <<'PYTHON'
import json, sys
print(next((int(one["number"]) for one in json.load(open(sys.argv[1])) if not one["isCrossRepository"]), ""))
PYTHON
)
ids=$(python3 - "$work/conflicts.json" <<'PYTHON'
import json, re, sys
found = [one["id"] for one in json.load(open(sys.argv[1], encoding="utf-8"))["conflicts"] if one["kind"] == "store"]
print(*(one for one in found if re.fullmatch("[0-9a-f]{16}", one)), sep="\n")
PYTHON
)

if [ -z "$ids" ]; then
    if [ -n "$number" ]; then gh pr close "$number" --comment "No conflict is left."; fi
    if [ -n "$there" ]; then
        git push --quiet --force-with-lease="refs/heads/$name:$there" origin ":refs/heads/$name"
    fi
    echo "conflicts-pull-request: no conflicts"
    exit 0
fi

# A clone has no laptop's stores, and what happens to the bases of the others stays in it.
fetched=refs/journal-fetched/bases
git fetch --quiet --no-tags --no-write-fetch-head origin "+refs/journal/*:$fetched/*"
git clone --quiet --shared --branch "$base" -- "$root" "$work/clone"
git -C "$work/clone" fetch --quiet --no-tags origin "+$fetched/*:refs/journal/*"
git for-each-ref --format="delete %(refname)" "$fetched/" | git update-ref --stdin
: >"$work/proposed"
for id in $ids; do
    if journal -C "$work/clone" resolve "$id" --both >/dev/null 2>"$work/why"; then
        echo "$id" >>"$work/proposed"
    else
        echo "conflicts-pull-request: $id: not proposed:" >&2
        cat -v -- "$work/why" >&2
    fi
done
if [ ! -s "$work/proposed" ]; then
    echo "conflicts-pull-request: nothing can be proposed; run: journal conflicts" >&2
    exit 1
fi

python3 - "$work" <<'PYTHON'
import json, re, sys
from pathlib import Path

MOST = 200
work = Path(sys.argv[1])
conflicts = json.loads((work / "conflicts.json").read_text(encoding="utf-8"))["conflicts"]
proposed = (work / "proposed").read_text(encoding="utf-8").split()


def code(text):
    """A text as a code span of one line: nothing in it is Markdown, a mention or a link."""
    line = "".join(letter if letter.isprintable() else " " for letter in text)[:MOST].strip() or "?"
    fence = "`" * (1 + max(map(len, re.findall("`+", line)), default=0))
    return f"{fence} {line} {fence}"


rows = [
    f"- {code(one['path'])}, {code(one['store'])}: {code(one['why'])}"
    + ("" if one["id"] in proposed else f"; not proposed here: {code('journal resolve ' + one['id'][:16] + ' --edit')}")
    for one in conflicts
    if one["kind"] == "store"
]
more = [f"- and {len(rows) - MOST} more"] if len(rows) > MOST else []
body = [
    "Journal and assistants changed the same, differently. This proposes to keep both sides of each conflict, ours first.",
    "",
    *rows[:MOST],
    *more,
    "",
    "Merge it if that is right. If it is not, end the conflicts yourself with `journal resolve`, and the next run closes",
    "this pull request. Commits that are added to its branch are replaced by the next run.",
    "",
]
(work / "body.md").write_text("\n".join(body), encoding="utf-8")
# One commit, so that a squash keeps the trailers, by which the stores' next syncs see that a person has decided.
stores = dict.fromkeys(one["store"] for one in conflicts if one["id"] in proposed and one["store"].isalnum())
count = "a conflict" if len(proposed) == 1 else f"{len(proposed)} conflicts"
trailers = [f"Journal-Resolved: {one}" for one in proposed] + [f"Journal-Store: {one}" for one in stores]
message = "\n".join([f"Keep both sides of {count}", "", *trailers, ""])
(work / "message").write_text(message, encoding="utf-8")
PYTHON

git fetch --quiet --no-tags --no-write-fetch-head -- "$work/clone" HEAD
tree=$(git -C "$work/clone" rev-parse "HEAD^{tree}")
# By dates of the branch's, the same proposal is the same commit, and is not pushed again.
date=$(git show --no-patch --format=%cI HEAD)
commit=$(GIT_AUTHOR_DATE=$date GIT_COMMITTER_DATE=$date git commit-tree "$tree" -p HEAD -F "$work/message")
if [ "$commit" != "$there" ]; then
    git push --quiet --force-with-lease="refs/heads/$name:$there" origin "$commit:refs/heads/$name"
fi
if [ -n "$number" ]; then
    gh pr edit "$number" --body-file "$work/body.md"
else
    gh pr create --base "$base" --head "$name" --title "$title" --body-file "$work/body.md"
fi
