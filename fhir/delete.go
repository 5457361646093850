package fhir

import (
	"context"
	"errors"
	"net/http"
	"strings"
)

// Delete removes one resource, given by its reference. It is for what was made
// to try the server out: what has meaning is never deleted, but marked as made
// in error.
func (c *Client) Delete(ctx context.Context, ref string) error {
	local, ok := c.LocalRef(ref)
	if !ok {
		return &Error{Op: "delete", cause: errors.New("not a reference into the configured server")}
	}
	typ, _, _ := strings.Cut(local, "/")
	op := "delete " + typ
	answer, err := c.roundTrip(ctx, op, http.MethodDelete, "/"+local, nil)
	if err == nil && !answer.IsSuccess() { // a success has no body
		err = answerError(op, answer.StatusCode(), answer.Body())
	}
	return err
}
