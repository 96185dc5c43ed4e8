#!/usr/bin/env node
import '../dist/processes/main.js';
