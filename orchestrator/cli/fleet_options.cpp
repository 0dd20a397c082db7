#include "fleet_options.hpp"

namespace enough::cli {

void add_fleet_options(CLI::App& verb, FleetServer& server, bool required) {
    CLI::Option* nats =
        verb.add_option("--nats", server.urls, "NATS server with JetStream; several of a cluster: URL,URL")
            ->delimiter(',')
            ->type_name("URL");
    if (required) nats->required()->envname("ENOUGH_NATS_URL");
    verb.add_option("--nats-credentials", server.credentials_file, "Credentials file for it")
        ->check(CLI::ExistingFile)
        ->type_name("FILE");
    verb.add_option("--nats-ca", server.ca_file, "Certificates to trust for it, PEM")
        ->check(CLI::ExistingFile)
        ->type_name("FILE");
}

}  // namespace enough::cli
