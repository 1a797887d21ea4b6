#!/usr/bin/env bash
# Run a command that brings the journal up to date, commit what it changed of the journal, and push that.
#
#   push-journal.sh COMMAND [ARGUMENT…]
#
# Where somebody else has pushed meanwhile, the commit is thrown away and the command run again on the new head.
# Generated files are never rebased or merged: lines of two versions make a third that no entry stands behind.
#
# JOURNAL_PATHS        folders and files that are the journal's own, separated by colons; `journal` by default
# JOURNAL_PUSH_JITTER  longest wait after the first refused push in seconds, after the second twice that; 5 by default
#
# Ends with 0 when pushed or nothing changed, 2 when it cannot start, 3 when the checkout holds work that could be lost,
# 4 when every push was refused, else as the command or Git did.
set -euo pipefail

if [ $# -eq 0 ]; then
    echo "usage: push-journal.sh COMMAND [ARGUMENT...]" >&2
    exit 2
fi
IFS=: read -r -a paths <<<"${JOURNAL_PATHS:-journal}"
jitter=${JOURNAL_PUSH_JITTER:-5}
tries=5

cd -- "$(git rev-parse --show-toplevel)"
if ! branch=$(git symbolic-ref --quiet --short HEAD); then
    echo "push-journal: no branch is checked out, there is nothing to push to" >&2
    exit 2
fi
if [ -n "$(git status --porcelain --untracked-files=no)" ]; then
    echo "push-journal: commit or undo your changes first, or they could be lost" >&2
    exit 3
fi

for ((try = 1; try <= tries; try++)); do
    git fetch --quiet origin "refs/heads/$branch"
    if ! git merge-base --is-ancestor HEAD FETCH_HEAD; then
        echo "push-journal: $branch has commits that origin does not have; push them first, or they could be lost" >&2
        exit 3
    fi
    # --keep, unlike --hard, stops rather than overwrite a change that is not committed.
    git reset --quiet --keep FETCH_HEAD

    "$@"

    for path in "${paths[@]}"; do
        # A path that is neither there nor known to Git is one that nothing has been written to yet.
        if [ -e "$path" ] || [ -n "$(git --literal-pathspecs ls-files -- "$path")" ]; then
            git --literal-pathspecs add -- "$path"
        fi
    done
    if git diff --cached --quiet; then
        echo "push-journal: nothing changed, nothing to commit"
        exit 0
    fi
    git commit --quiet --message "Bring the journal and its memories up to date"
    if git push --quiet origin "HEAD:refs/heads/$branch"; then
        echo "push-journal: pushed $(git rev-parse --short HEAD) to $branch"
        exit 0
    fi
    echo "push-journal: try $try of $tries: the push was refused" >&2
    git reset --quiet --keep HEAD~1
    if ((try < tries && jitter > 0)); then sleep "$((RANDOM % (jitter * try + 1)))"; fi
done
echo "push-journal: gave up after $tries tries, run it again later" >&2
exit 4
