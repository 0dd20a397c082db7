#include "statistics_options.hpp"

namespace enough::cli {

void add_statistics_options(CLI::App& verb, RiskTarget& target, BootstrapSettings& bootstrap) {
    const CLI::Range probability(1e-6, 1 - 1e-6);
    verb.add_option("--epsilon", target.epsilon,
                    "Largest share of loss that a risk-controlled method allows (default 0.02)")
        ->check(probability);
    verb.add_option("--delta", target.delta, "Chance that its promise fails (default 0.1)")->check(probability);
    verb.add_option("--seed", bootstrap.seed, "Of the bootstrap and the folds (default 1)");
    verb.add_option("--replicates", bootstrap.replicates, "Bootstrap draws (default 2000)")
        ->check(CLI::Range(200, 1'000'000));
}

}  // namespace enough::cli
