# Time the R package PLAID as its authors did (experiments/benchmark in bigomics/plaid):
#   python inputs.py FOLDER && Rscript plaid.R PLAID/R/plaid.R FOLDER
# Needs the R packages Matrix and matrixStats, and 6 GB of memory.
library(Matrix)
asked <- commandArgs(TRUE)
source(asked[1])

array <- function(name, what, size) {
  file <- file(file.path(asked[2], paste0(name, ".npy")), "rb")
  on.exit(close(file))
  readBin(file, "raw", 128)  # numpy's header
  readBin(file, what, 1e8, size)
}
genes <- readLines(file.path(asked[2], "genes.txt"), warn = FALSE)
value <- array("data", "numeric", 4)
index <- array("indices", "integer", 4)
size <- diff(array("indptr", "integer", 8))
net <- read.delim(file.path(asked[2], "net.tsv"))
sets <- factor(net$source)
G <- sparseMatrix(match(net$target, genes), as.integer(sets), x = 1,
                  dims = c(length(genes), nlevels(sets)), dimnames = list(genes, levels(sets)))

cells <- function(n) {  # the cells repeated, one column each
  sizes <- rep_len(size, n)
  new("dgCMatrix", x = rep_len(value, sum(sizes)), i = rep_len(index, sum(sizes)),
      p = c(0L, cumsum(sizes)), Dim = c(length(genes), n),
      Dimnames = list(genes, paste0("c", seq_len(n))))
}
measure <- function(n, published, published_MiB) {
  X <- cells(n)
  before <- sum(gc(reset = TRUE)[, 2])
  # the published memory is that of a version that did not yet subtract medians
  time <- system.time(plaid(X, G, normalize = FALSE))
  MiB <- sum(gc()[, 6]) - before
  cat(n, ncol(G), time[["elapsed"]], sum(time[1:2]), published, round(MiB), published_MiB,
      sep = "\t")
  cat("\n")
}
cat("cells", "sets", "seconds", "processor_seconds", "published", "MiB", "published_MiB\n",
    sep = "\t")
for (repeated in 1:5) measure(100000L, 15.425, 2841.4)
