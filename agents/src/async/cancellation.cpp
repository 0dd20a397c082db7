#include "async/cancellation.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

namespace enough {

void throw_cancelled() {
    throw boost::system::system_error(asio::error::operation_aborted, "cancelled");
}

bool is_cancellation(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const boost::system::system_error& caught) {
        return caught.code() == asio::error::operation_aborted;
    } catch (...) {
        return false;
    }
}

}  // namespace enough
