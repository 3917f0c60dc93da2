#!/usr/bin/env bash
# A campaign as a Slurm array: sbatch docs/ci/slurm.sh. A task that is requeued goes on where it was.
# Afterwards: quorate merge part-* --into night
#SBATCH --job-name=quorate-torture
#SBATCH --array=1-32
#SBATCH --cpus-per-task=4
#SBATCH --time=01:00:00
#SBATCH --requeue
set -euo pipefail

srun quorate torture workloads/first-steps/majority-abd.toml \
    --runs 3200000 --time 55m \
    --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT" \
    --jobs "$SLURM_CPUS_PER_TASK" --store "part-$SLURM_ARRAY_TASK_ID" || test $? -eq 1
