#include "support/certificate.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <stdexcept>

namespace enough::test {
namespace {

template <auto Free>
struct Deleter {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Deleter<X509_EXTENSION_free>>;
using File = std::unique_ptr<std::FILE, Deleter<std::fclose>>;

constexpr long one_day = 24 * 60 * 60;

void check(bool ok) {
    if (!ok) throw std::runtime_error("OpenSSL could not make a test certificate");
}

void add_extension(X509* certificate, int kind, const std::string& value) {
    const Extension extension(X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str()));
    check(extension && X509_add_ext(certificate, extension.get(), -1) == 1);
}

std::string alternative_names(const std::vector<std::string>& hosts) {
    std::string names;
    for (const auto& host : hosts) {
        const bool is_address =
            host.find_first_not_of("0123456789.") == std::string::npos || host.find(':') != host.npos;
        names += (names.empty() ? "" : ",") + std::string(is_address ? "IP:" : "DNS:") + host;
    }
    return names;
}

Certificate make_certificate(EVP_PKEY* key, const std::vector<std::string>& hosts, Validity validity) {
    Certificate certificate(X509_new());
    check(certificate != nullptr);
    X509_set_version(certificate.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -10 * one_day);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), validity == Validity::current ? one_day : -one_day);
    X509_set_pubkey(certificate.get(), key);
    X509_NAME* name = X509_get_subject_name(certificate.get());
    const auto* common_name = reinterpret_cast<const unsigned char*>("enough test");
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common_name, -1, -1, 0);
    X509_set_issuer_name(certificate.get(), name);
    add_extension(certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
    add_extension(certificate.get(), NID_subject_alt_name, alternative_names(hosts));
    check(X509_sign(certificate.get(), key, EVP_sha256()) > 0);
    return certificate;
}

File open_for_writing(const std::string& path) {
    File file(std::fopen(path.c_str(), "w"));
    if (!file) throw std::runtime_error("cannot write " + path);
    return file;
}

}  // namespace

FakeIdentity make_identity(const std::vector<std::string>& hosts, Validity validity) {
    static std::atomic<int> count = 0;
    const auto folder = std::filesystem::temp_directory_path();
    const std::string stem =
        (folder / ("enough-test-" + std::to_string(::getpid()) + "-" + std::to_string(count++))).string();
    const FakeIdentity identity{stem + ".crt", stem + ".key"};

    const Key key(EVP_EC_gen("P-256"));
    check(key != nullptr);
    const auto certificate = make_certificate(key.get(), hosts, validity);
    check(PEM_write_X509(open_for_writing(identity.certificate).get(), certificate.get()) == 1);
    check(PEM_write_PrivateKey(open_for_writing(identity.key).get(), key.get(), nullptr, nullptr, 0, nullptr,
                               nullptr) == 1);
    return identity;
}

}  // namespace enough::test
