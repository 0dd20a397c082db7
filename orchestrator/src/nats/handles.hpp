#pragma once

#include <nats/nats.h>

#include <memory>
#include <vector>

namespace enough::nats {

/// Owns what libnats hands out, each with the function that takes it back.
template <auto destroy>
struct Destroyer {
    template <class T>
    void operator()(T* handle) const {
        destroy(handle);
    }
};

using OptionsHandle = std::unique_ptr<natsOptions, Destroyer<natsOptions_Destroy>>;
using MessageHandle = std::unique_ptr<natsMsg, Destroyer<natsMsg_Destroy>>;
using SubscriptionHandle = std::unique_ptr<natsSubscription, Destroyer<natsSubscription_Destroy>>;
using PubAckHandle = std::unique_ptr<jsPubAck, Destroyer<jsPubAck_Destroy>>;
using StreamInfoHandle = std::unique_ptr<jsStreamInfo, Destroyer<jsStreamInfo_Destroy>>;
using ConsumerInfoHandle = std::unique_ptr<jsConsumerInfo, Destroyer<jsConsumerInfo_Destroy>>;
using MetaDataHandle = std::unique_ptr<jsMsgMetaData, Destroyer<jsMsgMetaData_Destroy>>;
using AccountHandle = std::unique_ptr<jsAccountInfo, Destroyer<jsAccountInfo_Destroy>>;

}  // namespace enough::nats
