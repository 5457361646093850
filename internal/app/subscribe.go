package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	r4 "github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/tilsyn/tilsyn/config"
	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/doctor"
	"github.com/tilsyn/tilsyn/internal/intake"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// watched are the types whose every change is of interest. The criteria are
// broad on purpose: no server tells when a resource stops matching, and a
// discharge is just that.
var watched = []string{"Encounter", "QuestionnaireResponse", "Task"}

// subscribe arms one rest-hook Subscription for each watched type.
func (a *App) subscribe(ctx context.Context) ([]Change, error) {
	if !a.cfg.Hook.Enabled {
		return nil, nil
	}
	token, key, err := a.handedOut()
	if err != nil {
		return nil, err
	}
	endpoint := a.endpoint()
	done, err := a.armAll(ctx, endpoint, token, key)
	if fhir.IsUnsure(err) { // they may stand behind an odd answer: what does is unchanged
		done, err = a.armAll(ctx, endpoint, token, key)
	}
	return done, err
}

func (a *App) armAll(ctx context.Context, endpoint, token, key string) (done []Change, err error) {
	found, err := a.client.Search(ctx, fhir.Query("Subscription", "url", endpoint))
	if err != nil {
		return nil, fmt.Errorf("look for our subscriptions: %w", err)
	}
	var tx fhir.Transaction
	for _, typ := range watched {
		did, err := a.arm(&tx, found, subscription(typ, endpoint, token, key))
		if err != nil {
			return done, err
		}
		done = append(done, Change{"Subscription " + typ, did})
	}
	if err := a.client.Transact(ctx, &tx); err != nil {
		return nil, fmt.Errorf("put the subscriptions on the server: %w", err)
	}
	return done, nil
}

// endpoint is where the Subscriptions point to.
func (a *App) endpoint() string {
	return strings.TrimRight(a.cfg.Hook.PublicURL, "/") + intake.HookPath
}

// handedOut are the secrets that the server is to use from now on: the first of
// those that are valid.
func (a *App) handedOut() (token, key string, err error) {
	first := func(setting string, s config.Secret) (string, error) {
		if s == "" {
			return "", nil
		}
		valid, err := s.Lines(setting)
		if err != nil {
			return "", err
		}
		return valid[0], nil
	}
	token, err = first("hook.token_file", a.cfg.Hook.TokenFile)
	key, keyErr := first("hook.secret_file", a.cfg.Hook.SecretFile)
	return token, key, errors.Join(err, keyErr)
}

// secretExtension is where Medplum looks for the key of its signatures.
const secretExtension = "https://www.medplum.com/fhir/StructureDefinition/subscription-secret"

// subscription asks for an empty ping: data that is not sent cannot leak.
func subscription(typ, endpoint, token, key string) r4.Subscription {
	s := r4.Subscription{
		Status:   r4.SubscriptionStatusRequested,
		Reason:   "tilsyn: see admissions, answers and tasks as they change",
		Criteria: typ + "?",
		Channel:  r4.SubscriptionChannel{Type: r4.SubscriptionChannelTypeRestHook, Endpoint: &endpoint},
	}
	if token != "" {
		s.Channel.Header = []string{"Authorization: Bearer " + token}
	}
	if key != "" {
		s.Extension = []r4.Extension{{Url: secretExtension, ValueString: &key}}
	}
	return s
}

// arm creates the Subscription, or mends one that has another secret or that
// the server has switched off.
func (a *App) arm(tx *fhir.Transaction, found []fhir.Resource, want r4.Subscription) (string, error) {
	for _, have := range found {
		if have.Get("criteria").String() != want.Criteria || have.Get("channel.endpoint").String() != *want.Channel.Endpoint {
			continue
		}
		status := have.Get("status").String()
		left := status == "requested" && a.leftAlone(have)
		if keepsSecrets(have, want) && (status == "active" || status == "requested" && !left) {
			return "unchanged", nil
		}
		if left {
			want.Status = r4.SubscriptionStatusActive
		}
		mended, err := mend(have, want)
		tx.Update(a.client, mended)
		return "updated", err
	}
	tx.Create(fhir.NewRef(), want, "")
	return "created", nil
}

// leftAlone tells that nothing has become of a Subscription for long.
func (a *App) leftAlone(have fhir.Resource) bool {
	at := stay.DateIn(have.Get("meta.lastUpdated").String(), time.UTC).First()
	now := a.client.ServerTime()
	if now.IsZero() {
		now = a.now()
	}
	return !at.IsZero() && now.Sub(at) >= doctor.ActivationTime
}

func keepsSecrets(have fhir.Resource, want r4.Subscription) bool {
	header := ""
	if len(want.Channel.Header) > 0 {
		header = want.Channel.Header[0]
	}
	return have.Get("channel.header.0").String() == header && keyOf(have) == keyIn(want)
}

func keyOf(have fhir.Resource) string {
	return have.Get(`extension.#(url=="` + secretExtension + `").valueString`).String()
}

func keyIn(want r4.Subscription) string {
	if len(want.Extension) == 0 {
		return ""
	}
	return *want.Extension[0].ValueString
}

// mend leaves the extensions of others as they are.
func mend(have fhir.Resource, want r4.Subscription) (fhir.Resource, error) {
	var extensions []any
	for _, e := range have.Get("extension").Array() {
		if e.Get("url").String() != secretExtension {
			extensions = append(extensions, json.RawMessage(e.Raw))
		}
	}
	for _, e := range want.Extension {
		extensions = append(extensions, e)
	}
	mended, err := have.Set("status", want.Status.Code())
	put := func(element string, value any, n int) {
		if err != nil {
			return
		}
		if mended, err = mended.Delete(element); err == nil && n > 0 { // FHIR knows no empty list
			mended, err = mended.Set(element, value)
		}
	}
	put("channel.header", want.Channel.Header, len(want.Channel.Header))
	put("extension", extensions, len(extensions))
	return mended, err
}
