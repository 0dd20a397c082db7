#include "providers/llama_model.hpp"

#include "failure_kind.hpp"
#include "providers/llama_file.hpp"

#include <fmt/format.h>
#include <ggml-backend.h>
#include <ggml.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <mutex>
#include <optional>
#include <thread>

namespace enough::llama {

namespace {

constexpr std::uint32_t batch = 512;

// The last complaint of llama.cpp on this thread; it has no other way to say why it could not load a model.
thread_local std::string last_complaint;

void take_log(ggml_log_level level, const char* text, void*) {
    if (level == GGML_LOG_LEVEL_ERROR) last_complaint = text;
}

void start_backend() {
    static std::once_flag once;
    std::call_once(once, [] {
        llama_log_set(take_log, nullptr);
        llama_backend_init();
    });
}

Failure not_loaded(const LlamaSettings& settings, std::string_view what) {
    constexpr std::size_t longest = 200;
    auto complaint = last_complaint.substr(0, longest);
    complaint.erase(std::remove_if(complaint.begin(), complaint.end(), [](char c) { return c == '\n'; }),
                    complaint.end());
    return make_failure(
        FailureKind::no_model,
        fmt::format("{} {}: {}", what, settings.path, complaint.empty() ? "llama.cpp gives no reason" : complaint));
}

int thread_count(int wanted) {
    constexpr int most = 8;
    if (wanted > 0) return wanted;
    return std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, most);
}

std::optional<std::string> metadata(const llama_model* model, const char* key) {
    const auto length = llama_model_meta_val_str(model, key, nullptr, 0);
    if (length < 0) return std::nullopt;
    std::string value(static_cast<std::size_t>(length) + 1, '\0');
    llama_model_meta_val_str(model, key, value.data(), value.size());
    value.resize(static_cast<std::size_t>(length));
    return value;
}

template <class Number>
void read_number(const llama_model* model, llama_model_meta_key key, Number& number) {
    const auto* name = llama_model_meta_key_str(key);
    const auto text = name != nullptr ? metadata(model, name) : std::nullopt;
    Number value{};
    if (text && std::from_chars(text->data(), text->data() + text->size(), value).ec == std::errc()) number = value;
}

SamplingDefaults read_defaults(const llama_model* model) {
    SamplingDefaults defaults;
    read_number(model, LLAMA_MODEL_META_KEY_SAMPLING_TOP_K, defaults.top_k);
    read_number(model, LLAMA_MODEL_META_KEY_SAMPLING_TOP_P, defaults.top_p);
    read_number(model, LLAMA_MODEL_META_KEY_SAMPLING_MIN_P, defaults.min_p);
    read_number(model, LLAMA_MODEL_META_KEY_SAMPLING_TEMP, defaults.temperature);
    return defaults;
}

}  // namespace

// Threads that stay between batches; llama.cpp would start new ones for every token. They are asked for by name, for
// builds of it that load their CPU code at run time.
class Model::Threads {
public:
    explicit Threads(int count) {
        auto* device = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
        if (device == nullptr) return;
        auto* registry = ggml_backend_dev_backend_reg(device);
        const auto make = find<ggml_threadpool_t (*)(ggml_threadpool_params*)>(registry, "ggml_threadpool_new");
        free_ = find<void (*)(ggml_threadpool_t)>(registry, "ggml_threadpool_free");
        if (make == nullptr || free_ == nullptr) return;
        auto parameters = ggml_threadpool_params_default(count);
        pool_ = make(&parameters);
    }
    ~Threads() {
        if (pool_ != nullptr) free_(pool_);
    }
    Threads(const Threads&) = delete;
    Threads& operator=(const Threads&) = delete;

    ggml_threadpool_t pool() const { return pool_; }

private:
    template <class Function>
    static Function find(ggml_backend_reg_t registry, const char* name) {
        return reinterpret_cast<Function>(ggml_backend_reg_get_proc_address(registry, name));
    }

    ggml_threadpool_t pool_ = nullptr;
    void (*free_)(ggml_threadpool_t) = nullptr;
};

Model::Model() = default;
Model::~Model() = default;

Result<std::unique_ptr<Model>> Model::load(const LlamaSettings& settings, bool (*may_abort)(void*), void* data) {
    const auto file = inspect_model(settings.path);
    if (!file) return file.error();
    start_backend();
    last_complaint.clear();

    std::unique_ptr<Model> loaded(new Model);
    loaded->model_.reset(llama_model_load_from_file(settings.path.c_str(), llama_model_default_params()));
    if (!loaded->model_) return not_loaded(settings, "llama.cpp can't load");
    if (!llama_model_has_decoder(loaded->model_.get()) || llama_model_has_encoder(loaded->model_.get())) {
        return not_loaded(settings, "only decoder models can answer, unlike");
    }
    loaded->describe(settings);
    loaded->fingerprint_ = file->fingerprint;

    // One pool of cells for all conversations, so that equal beginnings share them.
    auto parameters = llama_context_default_params();
    parameters.n_ctx = static_cast<std::uint32_t>(2 * loaded->limit_);
    parameters.n_batch = batch;
    parameters.n_ubatch = batch;
    parameters.n_seq_max = sequences;
    parameters.kv_unified = true;
    parameters.swa_full = true;  // a window that forgets could not take a prefix up again
    parameters.n_threads = thread_count(settings.threads);
    parameters.n_threads_batch = parameters.n_threads;
    parameters.no_perf = true;
    parameters.abort_callback = may_abort;
    parameters.abort_callback_data = data;
    loaded->context_.reset(llama_init_from_model(loaded->model_.get(), parameters));
    if (!loaded->context_) return not_loaded(settings, "llama.cpp has no context (too little memory?) for");
    loaded->threads_ = std::make_unique<Threads>(parameters.n_threads);
    if (loaded->threads_->pool() != nullptr) {
        llama_attach_threadpool(loaded->context(), loaded->threads_->pool(), loaded->threads_->pool());
    }
    return loaded;
}

void Model::describe(const LlamaSettings& settings) {
    const auto* model = model_.get();
    const auto trained = static_cast<std::size_t>(std::max(llama_model_n_ctx_train(model), 1));
    limit_ = settings.context > 0 ? std::min<std::size_t>(settings.context, trained) : trained;
    name_ = metadata(model, "general.name").value_or(std::string());
    if (name_.empty()) name_ = std::filesystem::path(settings.path).filename().string();
    const auto* chat_template = llama_model_chat_template(model, nullptr);
    chat_template_ = chat_template != nullptr ? chat_template : "";
    defaults_ = read_defaults(model);
    vocabulary_ = llama_model_get_vocab(model);
    read_vocabulary();
}

void Model::read_vocabulary() {
    pieces_.resize(static_cast<std::size_t>(llama_vocab_n_tokens(vocabulary_)));
    std::string buffer(256, '\0');
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
        const auto token = static_cast<llama_token>(i);
        auto length =
            llama_token_to_piece(vocabulary_, token, buffer.data(), static_cast<std::int32_t>(buffer.size()), 0, true);
        if (length < 0) {
            buffer.resize(static_cast<std::size_t>(-length));
            length = llama_token_to_piece(vocabulary_, token, buffer.data(), static_cast<std::int32_t>(buffer.size()),
                                          0, true);
        }
        if (length > 0) pieces_[i].assign(buffer.data(), static_cast<std::size_t>(length));
    }
}

std::size_t Model::vocabulary_size() const {
    return pieces_.size();
}

bool Model::is_end(llama_token token) const {
    return llama_vocab_is_eog(vocabulary_, token);
}

bool Model::is_control(llama_token token) const {
    return llama_vocab_is_control(vocabulary_, token);
}

bool Model::shares_beginnings() const {
    return !llama_model_is_recurrent(model_.get()) && !llama_model_is_hybrid(model_.get());
}

std::vector<llama_token> Model::tokenize(std::string_view text) const {
    std::vector<llama_token> tokens(text.size() + 8);
    const auto count = llama_tokenize(vocabulary_, text.data(), static_cast<std::int32_t>(text.size()), tokens.data(),
                                      static_cast<std::int32_t>(tokens.size()), true, true);
    tokens.resize(static_cast<std::size_t>(std::max(count, 0)));
    return tokens;
}

const std::string& Model::bytes(llama_token token) const {
    return pieces_.at(static_cast<std::size_t>(token));
}

}  // namespace enough::llama
