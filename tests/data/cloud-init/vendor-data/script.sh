#!/bin/sh
logger vendor
