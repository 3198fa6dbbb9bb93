"""From trials to claims: costs, ratios with intervals, and which differences are real.

Theory of operation
===================

**The sample is the trial.** The requests of one trial share a process, its memory layout and the state of the machine,
so they are not independent, and a million of them say little about the next process. Each trial contributes one
number: the CPU time of the server per request (``costs``). Variation between processes is part of what is estimated
(Kalibera and Jones, Rigorous Benchmarking in Reasonable Time, ISMM 2013).

**Pairs within a round.** The machine changes over minutes, but less within a round. Two cells are therefore compared by
the ratio of their costs in the same round, and the rounds are the samples. A round in which one of them was not
measured contributes no pair. Trials of two runs cannot be paired (``changes``).

**Logarithms.** Ratios are averaged as logarithms. The result is their geometric mean, and A relative to B is the
inverse of B relative to A. A factor that slows down both sides cancels.

**The interval.** The mean logarithm has Student's t interval with confidence 0.95 (Student, The Probable Error of a
Mean, Biometrika 6, 1908); its ends are the ends of the ratio's interval. Without pairs, the standard error and the
degrees of freedom are Welch's (The Generalization of 'Student's' Problem, Biometrika 34, 1947). The *precision*, which
reports show after ±, is half the width of the interval as a share of the ratio: ``(high - low) / 2 / ratio``. It is
defined in ``Ratio.precision`` only; tables, footers and the end of a run all use it.

With 4 to 20 samples the interval contains the truth in 94.5 % to 96.6 % of cases if the samples are normal,
heavy-tailed or contaminated with outliers, and in 89 % to 94 % if they are strongly skewed. Widening it to contain a
bootstrap interval as well makes it up to 4 % wider and adds at most one percentage point, and nothing at all with 4
samples, so there is no bootstrap. ``python -m bench.intervals`` prints these figures.

**Tests.** A difference is tested with the same estimate, so the p-value is below 0.05 exactly if the interval excludes
a ratio of 1. All pairs of cells in a run could be claimed to differ, so their p-values are corrected together (Holm, A
Simple Sequentially Rejective Multiple Test Procedure, Scandinavian Journal of Statistics 6, 1979).

**The A/A floor.** Statistical significance says nothing about systematic errors that last for a whole run, such as the
position of a cell in a round. In every round one cell of each group is measured twice; the cell changes every two
rounds. The floor is the largest difference that the interval of these copies allows. A difference that does not
exceed it is not claimed, however small its p-value (``claims``).

**The reference** of a group is the baseline, unless the run has another one. The ratio to it is estimated from the
pairs of the two cells, never from two ratios to a third cell, whose errors would add up.

**Leads.** Whether a cell is better than the baseline, in cost or in p50, is tested in the same way, but corrected for
the comparisons with the baseline only (``leads``).

**Stopping.** A group is measured until its least precise ratio is as precise as requested. The interval is computed
after every round, so a run tends to stop when the samples happen to agree, and its interval is then too narrow: at a
precision of 3 % and a minimum of 5 rounds, the coverage falls from 95 % to 92 or 93 % for noisy pairs. The same program
prints these figures.

What this does not know
-----------------------

- Systematic errors that are the same for both copies of a cell, for example a load engine that favours a server.
- How a server performs on another machine, or beside other work. If too many trials were disturbed (``noise``), nothing
  is claimed.
- Whether there is no difference. "No difference detected" excludes only differences larger than ±.
- Anything about a cell in which one trial failed, or in which a trial was void (``plausibility``): it has no figures at
  all. Only single trials that contradict Little's law are left out instead.
"""
