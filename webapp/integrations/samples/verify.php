<?php
// How a receiver checks what Truckroll sends. PHP 7.4 or newer, nothing to install.
//
// A connector's call:   verify_call($keys, 'https://api.example.com/orders', $_SERVER['QUERY_STRING'] ?? '',
//                           array_change_key_case(getallheaders()), file_get_contents('php://input'))
// A webhook:            verify_webhook($secret, array_change_key_case(getallheaders()), file_get_contents('php://input'))
//
// Take the body as the bytes that arrived: a body that was read as JSON and written again is another one.

const CALL_SECONDS = 30; // how old a connector's call may be
const WEBHOOK_SECONDS = 300; // … and a webhook

// Whether a connector's call comes from Truckroll. $keys: the signing key, and the new one while it is rotated; $url: the
// address without its query, as it stands in the connector; $query: what is behind its question mark.
function verify_call(array $keys, string $url, string $query, array $headers, string $body, ?int $now = null): bool
{
    $timestamp = $headers['x-timestamp'] ?? '';
    if (!is_fresh($timestamp, CALL_SECONDS, $now)) {
        return false;
    }
    $content = $body !== '' ? $body : query_content($query);
    $signed = $url . ':' . ($headers['x-idempotency-key'] ?? '') . ':' . $timestamp . ':' . $content;
    foreach ($keys as $key) {
        if (hash_equals(hash_hmac('sha256', $signed, $key), $headers['x-signature'] ?? '')) {
            return true;
        }
    }
    return false;
}

// A GET is signed by its query: JSON with sorted keys, ", " and ": " between, and \u for whatever is not ASCII.
// $_GET would not do: PHP changes dots and brackets in its names.
function query_content(string $query): string
{
    $found = [];
    foreach (array_filter(explode('&', $query), 'strlen') as $pair) {
        [$name, $value] = array_pad(explode('=', $pair, 2), 2, '');
        $found[urldecode($name)] = urldecode($value);
    }
    ksort($found, SORT_STRING);
    $text = fn ($value) => str_replace("\x7f", '\u007f', json_encode((string) $value, JSON_UNESCAPED_SLASHES));
    $parts = [];
    foreach ($found as $name => $value) {
        $parts[] = $text($name) . ': ' . $text($value);
    }
    return '{' . implode(', ', $parts) . '}';
}

// Whether a webhook comes from Truckroll, by its Standard Webhooks headers. Remember webhook-id: the same event may
// arrive twice under it.
function verify_webhook(string $secret, array $headers, string $body, ?int $now = null): bool
{
    $timestamp = $headers['webhook-timestamp'] ?? '';
    if (!is_fresh($timestamp, WEBHOOK_SECONDS, $now)) {
        return false;
    }
    $key = base64_decode(substr($secret, strlen('whsec_')));
    $signed = ($headers['webhook-id'] ?? '') . '.' . $timestamp . '.' . $body;
    $expected = 'v1,' . base64_encode(hash_hmac('sha256', $signed, $key, true));
    // after a rotation there are several for a day
    foreach (explode(' ', $headers['webhook-signature'] ?? '') as $given) {
        if (hash_equals($expected, $given)) {
            return true;
        }
    }
    return false;
}

// The same by the header of the API it was registered with, X-TradeKitt-Signature or X-EAL-Signature.
function verify_own_header(string $secret, string $header, string $body, ?int $now = null): bool
{
    $timestamp = '';
    $given = [];
    foreach (explode(',', $header) as $part) {
        [$name, $value] = array_pad(explode('=', $part, 2), 2, '');
        if ($name === 't') {
            $timestamp = $value;
        } elseif ($name === 'v1') {
            $given[] = $value;
        }
    }
    if (!is_fresh($timestamp, WEBHOOK_SECONDS, $now)) {
        return false;
    }
    $expected = hash_hmac('sha256', $timestamp . '.' . $body, $secret);
    foreach ($given as $one) {
        if (hash_equals($expected, $one)) {
            return true;
        }
    }
    return false;
}

function is_fresh(string $timestamp, int $seconds, ?int $now): bool
{
    return preg_match('/^[0-9]{1,12}\z/', $timestamp) === 1 && abs(($now ?? time()) - (int) $timestamp) <= $seconds;
}
