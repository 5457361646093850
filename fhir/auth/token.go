package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/uuid"

	"github.com/tilsyn/tilsyn/fhir"
)

const (
	// SMART allows an assertion five minutes at most. Half of that lets either
	// clock be two minutes off.
	assertionLife = 150 * time.Second
	// No server takes an assertion from the future, however near.
	issuedBefore = 10 * time.Second
	// Clocks that differ by more have to be allowed for.
	clockTolerance = 30 * time.Second
	// Further than a wrong time zone no clock is followed: an assertion for a day
	// that has not come is good on that day, for whoever kept it.
	clockFollowed = 3 * time.Hour

	unstatedLife = 5 * time.Minute // of a token, as SMART recommends, where the server does not say
	longestLife  = 24 * time.Hour
)

// claims are those that SMART asks for, and when it was issued. jwt.Claims
// would write the audience as an array, which Keycloak refuses.
type claims struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Audience string `json:"aud"`
	Expires  int64  `json:"exp"`
	Issued   int64  `json:"iat"`
	ID       string `json:"jti"`
}

// request gets one token. If the server refuses us and its clock is another
// than ours, that is probably why: it is asked once more by its own time.
func (s *smart) request(ctx context.Context) (*grant, error) {
	at, err := s.discover(ctx)
	if err != nil {
		return nil, err
	}
	g, err := s.post(ctx, at)
	var refused *refusal
	if !errors.As(err, &refused) || refused.clock.IsZero() {
		return g, err
	}
	ahead := time.Until(refused.clock)
	switch {
	case ahead.Abs() > clockFollowed:
		return nil, problem("%w; %s, which is not followed: set that clock or the one of this machine", err, apart(ahead))
	case (ahead - s.ahead).Abs() < clockTolerance:
		return nil, err
	}
	before := s.ahead
	s.ahead = ahead
	if g, again := s.post(ctx, at); again == nil {
		return g, nil
	}
	s.ahead = before // it was not that
	return nil, problem("%w; the clocks of that server and of this machine differ by %s", err, ahead.Abs().Round(time.Second))
}

// apart says how a server's clock differs from ours.
func apart(ahead time.Duration) string {
	way := "ahead of"
	if ahead < 0 {
		way = "behind"
	}
	by := ahead.Abs().Round(time.Minute).String()
	if days := ahead.Abs().Round(24*time.Hour) / (24 * time.Hour); days > 2 {
		by = fmt.Sprintf("%d days", days)
	}
	return fmt.Sprintf("the clock of that server is %s %s that of this machine", by, way)
}

func (s *smart) post(ctx context.Context, at *endpoint) (*grant, error) {
	form, err := s.form(at)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, at.url, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, problem("the token endpoint is no URL; check fhir.auth.token_url")
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	started := time.Now() // a token lives from when it was asked for: that is never too long
	answer, err := s.http.Do(r)
	if err != nil {
		return nil, problem("ask %s: %w", at.name, fhir.TransportError(err))
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return nil, problem("read the answer of %s: %w", at.name, fhir.TransportError(err))
	}
	if answer.StatusCode != http.StatusOK {
		return nil, &Error{newRefusal(at.name, answer, body)}
	}
	return s.granted(at.name, body, started)
}

func (s *smart) form(at *endpoint) (url.Values, error) {
	assertion, err := s.assertion(at)
	if err != nil {
		return nil, err
	}
	return url.Values{
		"grant_type":            {"client_credentials"},
		"scope":                 {strings.Join(s.asked(at), " ")},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
		"client_assertion":      {assertion},
	}, nil
}

func (s *smart) asked(at *endpoint) []string {
	if at.version1 {
		return inVersion1(s.Scopes)
	}
	return s.Scopes
}

// assertion says who we are: good once, for a short time, and for one server.
func (s *smart) assertion(at *endpoint) (string, error) {
	raw, err := s.Keys()
	if err != nil {
		return "", problem("%w", err)
	}
	keys, err := ParseKeys([]byte(raw))
	if err != nil {
		return "", problem("the key file cannot be used: %w", err)
	}
	key := keys.signing(at.algorithms)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(key.Algorithm), Key: key},
		(&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", problem("the key cannot sign with %s", key.Algorithm)
	}
	audience, now := s.Audience, time.Now().Add(s.ahead)
	if audience == "" {
		audience = at.url
	}
	signed, err := jwt.Signed(signer).Claims(claims{Issuer: s.ClientID, Subject: s.ClientID, Audience: audience, ID: uuid.NewString(),
		Issued: now.Add(-issuedBefore).Unix(), Expires: now.Add(assertionLife).Unix()}).Serialize()
	if err != nil {
		return "", problem("the assertion could not be signed")
	}
	return signed, nil
}

// granted reads a token response (RFC 6749 5.1).
func (s *smart) granted(endpoint string, body []byte, started time.Time) (*grant, error) {
	var t struct {
		Token   string `json:"access_token"`
		Type    string `json:"token_type"`
		Expires any    `json:"expires_in"` // some servers write the number as text
		Scope   string `json:"scope"`
	}
	if json.Unmarshal(body, &t) != nil || t.Token == "" {
		return nil, problem("%s answered without an access_token", endpoint)
	}
	if !strings.EqualFold(t.Type, "bearer") {
		return nil, problem("%s gave a token whose token_type is not bearer", endpoint)
	}
	if err := oneWord(t.Token); err != nil {
		return nil, err
	}
	if less := missing(s.Scopes, strings.Fields(t.Scope)); t.Scope != "" && len(less) > 0 && s.Narrowed != nil {
		s.Narrowed(less)
	}
	life := lifetime(t.Expires)
	return &grant{header: "Bearer " + t.Token,
		renew: started.Add(life - min(life/5, time.Minute)),
		end:   started.Add(life - min(life/10, 10*time.Second))}, nil
}

// lifetime reads expires_in, in seconds. Nothing, 0 and less say nothing.
func lifetime(stated any) time.Duration {
	seconds, _ := strconv.ParseFloat(fmt.Sprint(stated), 64)
	switch {
	case !(seconds > 0):
		return unstatedLife
	case seconds > longestLife.Seconds():
		return longestLife
	}
	return max(time.Duration(seconds*float64(time.Second)), time.Second)
}

// refusal is an answer that is no token. A server may write anything anywhere,
// so only the codes of RFC 6749 5.2 are told.
type refusal struct {
	text  string
	after time.Duration // not to ask again before
	clock time.Time     // of the server, where the client was not recognised
}

func (r *refusal) Error() string { return r.text }

// advice is what to do about each code.
var advice = map[string]string{
	"invalid_request":        "set fhir.auth.token_url to its token endpoint if it is another",
	"invalid_client":         "check that fhir.auth.client_id is registered there with the keys that `tilsyn jwks` prints, and whether it wants another fhir.auth.audience",
	"invalid_grant":          "check fhir.auth.client_id and fhir.auth.audience",
	"unauthorized_client":    "allow this client the grant client_credentials there",
	"unsupported_grant_type": "set fhir.auth.token_url to a token endpoint that takes client_credentials",
	"invalid_scope":          "allow this client the scopes in docs/authorization.md there, or name others in fhir.auth.scopes",
}

func newRefusal(endpoint string, answer *http.Response, body []byte) *refusal {
	var said struct {
		Error string `json:"error"`
	}
	_ = json.Unmarshal(body, &said) // what is no JSON names no code
	r := &refusal{text: fmt.Sprintf("%s answered %d", endpoint, answer.StatusCode), after: fhir.ParseRetryAfter(answer.Header)}
	todo, known := advice[said.Error]
	if !known {
		return r
	}
	r.text += " " + said.Error + ": " + todo
	if said.Error == "invalid_client" || said.Error == "invalid_grant" || said.Error == "invalid_request" {
		r.clock, _ = http.ParseTime(answer.Header.Get("Date"))
	}
	return r
}
