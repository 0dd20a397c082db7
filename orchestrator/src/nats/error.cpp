#include "nats/error.hpp"

#include <boost/throw_exception.hpp>

#include <stdexcept>

namespace enough::nats {

std::string_view name(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::connection:
            return "connection";
        case ErrorKind::timeout:
            return "timeout";
        case ErrorKind::unauthorized:
            return "unauthorized";
        case ErrorKind::tls:
            return "tls";
        case ErrorKind::no_jet_stream:
            return "no_jet_stream";
        case ErrorKind::exists:
            return "exists";
        case ErrorKind::wrong_revision:
            return "wrong_revision";
        case ErrorKind::not_found:
            return "not_found";
        case ErrorKind::no_responder:
            return "no_responder";
        case ErrorKind::too_large:
            return "too_large";
        case ErrorKind::no_space:
            return "no_space";
        case ErrorKind::damaged:
            return "damaged";
        case ErrorKind::invalid:
            return "invalid";
        case ErrorKind::refused:
            return "refused";
    }
    return "refused";
}

void throw_exception_from_error(const Error& error, const boost::source_location& where) {
    boost::throw_exception(std::runtime_error(error.message), where);
}

}  // namespace enough::nats
