# How a receiver checks what Truckroll sends. Ruby 2.7 or newer, nothing to install.
#
# Rails, a connector's call:  Truckroll.verify_call(KEYS, "https://api.example.com/orders", request.query_string, headers, request.raw_post)
# Rails, a webhook:           Truckroll.verify_webhook(SECRET, headers, request.raw_post)
#
# `headers` with names in lower case. Take the body as the bytes that arrived: a body that was read as JSON and written
# again is another one.
require "base64"
require "json"
require "openssl"
require "uri"

module Truckroll
  CALL_SECONDS = 30 # how old a connector's call may be
  WEBHOOK_SECONDS = 300 # … and a webhook

  module_function

  # Whether a connector's call comes from Truckroll. keys: the signing key, and the new one while it is rotated; url: the
  # address without its query, as it stands in the connector; query: what is behind its question mark.
  def verify_call(keys, url, query, headers, body, now = Time.now.to_i)
    timestamp = headers.fetch("x-timestamp", "")
    return false unless fresh?(timestamp, CALL_SECONDS, now)

    content = body.empty? ? query_content(query) : body
    signed = "#{url}:#{headers["x-idempotency-key"]}:#{timestamp}:".b + content.b
    given = headers.fetch("x-signature", "")
    keys.any? { |key| same?(OpenSSL::HMAC.hexdigest("SHA256", key, signed), given) }
  end

  # A GET is signed by its query: JSON with sorted keys, ", " and ": " between, and \u for whatever is not ASCII.
  def query_content(query)
    text = ->(value) { JSON.generate(value, ascii_only: true).gsub("\x7f", "\\u007f") }
    pairs = URI.decode_www_form(query).to_h.sort.map { |name, value| "#{text.(name)}: #{text.(value)}" }
    "{#{pairs.join(", ")}}"
  end

  # Whether a webhook comes from Truckroll, by its Standard Webhooks headers. Remember webhook-id: the same event may
  # arrive twice under it.
  def verify_webhook(secret, headers, body, now = Time.now.to_i)
    timestamp = headers.fetch("webhook-timestamp", "")
    return false unless fresh?(timestamp, WEBHOOK_SECONDS, now)

    key = Base64.decode64(secret.delete_prefix("whsec_"))
    signed = "#{headers["webhook-id"]}.#{timestamp}.".b + body.b
    expected = "v1," + Base64.strict_encode64(OpenSSL::HMAC.digest("SHA256", key, signed))
    # after a rotation there are several for a day
    headers.fetch("webhook-signature", "").split(" ").any? { |given| same?(expected, given) }
  end

  # The same by the header of the API it was registered with, X-TradeKitt-Signature or X-EAL-Signature.
  def verify_own_header(secret, header, body, now = Time.now.to_i)
    parts = header.split(",").map { |part| part.split("=", 2) }
    timestamp = (parts.assoc("t") || [])[1].to_s
    return false unless fresh?(timestamp, WEBHOOK_SECONDS, now)

    expected = OpenSSL::HMAC.hexdigest("SHA256", secret, "#{timestamp}.".b + body.b)
    parts.any? { |name, value| name == "v1" && same?(expected, value.to_s) }
  end

  def fresh?(timestamp, seconds, now)
    timestamp.match?(/\A[0-9]{1,12}\z/) && (now - timestamp.to_i).abs <= seconds
  end

  def same?(expected, given)
    expected.bytesize == given.bytesize && OpenSSL.fixed_length_secure_compare(expected, given)
  end
end
